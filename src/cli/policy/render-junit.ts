/** One test as JUnit's XML knows it. */
export interface JunitCase {
  readonly name: string;
  /** Where it stands, if it stands in a file. */
  readonly file?: string;
  readonly line?: number;
  /** Null where it passed. */
  readonly failure: string | null;
}

interface JunitSuite {
  readonly name: string;
  readonly cases: readonly JunitCase[];
}

/** @returns JUnit's XML, as CI systems read it. */
export function renderJunit(suites: readonly JunitSuite[]): string {
  const body = suites.map(({ name, cases }) => {
    const failures = cases.filter(({ failure }) => failure !== null).length;
    const lines = cases.map((each) => renderCase(name, each));
    return `  <testsuite name="${escapeXml(name)}" tests="${cases.length}" failures="${failures}">\n${lines.join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${body.join('')}</testsuites>\n`;
}

function renderCase(suite: string, { name, file, line, failure }: JunitCase): string {
  const at = file === undefined ? '' : ` file="${escapeXml(file)}" line="${line}"`;
  const attributes = `classname="${escapeXml(suite)}" name="${escapeXml(name)}"${at}`;
  if (failure === null) return `    <testcase ${attributes}/>\n`;
  const [message = ''] = failure.split('\n');
  return `    <testcase ${attributes}>\n      <failure message="${escapeXml(message)}">${escapeXml(file === undefined ? failure : `${file}:${line}: ${failure}`)}</failure>\n    </testcase>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 has no way to write most control characters: they are left out. */
function escapeXml(text: string): string {
  return text.replace(/(?![\n\r\t])\p{Cc}/gu, '').replace(/[&<>"]/g, (found) => ENTITIES[found] ?? '');
}
