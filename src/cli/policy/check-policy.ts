import { nearNames } from '../../api/index.ts';
import { buildPolicyInputJsonSchema } from '../../decision/index.ts';
import type { CompileError, Compiler, Finding } from '../../rego/index.ts';
import type { Place, PolicySource } from './policy-source.ts';

/** One thing to repair, at its place on disk. */
export interface Problem extends Place {
  readonly severity: 'error' | 'warning';
  /** Stable: OPA's, or one that docs/policies.md lists. */
  readonly code: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** Above this many names a list of them does not help. */
const MOST_NAMES = 12;

/**
 * Compiles a policy as the operator does, and looks for what compiles and yet cannot be meant.
 *
 * @returns every problem, in the order of the sources
 */
export async function checkPolicy(source: PolicySource, compiler: Compiler): Promise<readonly Problem[]> {
  const { tests, parameters } = source;
  const modules = { ...tests, ...source.modules };
  const compiled = await compiler.compile(source.modules);
  if (compiled.kind === 'failed') return compiled.errors.map((error) => toProblem(source, error));
  const linted = await compiler.lint(modules, {
    testModules: Object.keys(tests),
    inputSchema: buildPolicyInputJsonSchema(),
    parameters,
  });
  if (linted.kind === 'failed') return linted.errors.map((error) => toProblem(source, error));
  return linted.findings.filter((finding) => !isAllowed(finding, modules)).map((finding) => refine(source, finding));
}

function toProblem(source: PolicySource, { code, message, ...place }: CompileError): Problem {
  return { ...source.locate(place), severity: 'error', code, message };
}

function refine(source: PolicySource, { have, oneOf, severity, ...error }: Finding): Problem {
  const problem = { ...toProblem(source, error), severity };
  const message = error.message
    .replaceAll('data.approval.', '')
    .replace(/^match error; left\s*: (.*); right\s*: (.*)$/, 'never equal: one is $1, the other $2');
  const near = have === '' ? [] : nearNames(have, oneOf);
  if (error.code === 'unreachable-rule')
    return { ...problem, message: `${message}; ${near.length > 0 ? `did you mean ${near[0]}?` : 'remove it'}` };
  if (near.length > 0) return { ...problem, message: `${message}: did you mean ${near.join(', ')}?` };
  if (error.code === 'unknown_parameter')
    return {
      ...problem,
      message: `${message}: give it in spec.parameters (${oneOf.join(', ') || 'there are none'}), or where it may be missing read it with object.get(data.parameters, "${have}", …)`,
    };
  if (have !== '') return { ...problem, message: `${message}: there are ${oneOf.slice(0, MOST_NAMES).join(', ')}` };
  return { ...problem, message };
}

/** A warning that is meant is silenced by `# assent:allow CODE` in its line or the one above. */
function isAllowed({ file, line, code, severity }: Finding, modules: Readonly<Record<string, string>>): boolean {
  if (severity === 'error') return false;
  const lines = (modules[file] ?? '').split('\n');
  return [lines[line - 1], lines[line - 2]].some((text) => {
    const allowed = /#\s*assent:allow\s+([\w, -]+)/.exec(text ?? '')?.[1] ?? '';
    return allowed.split(/[\s,]+/).includes(code);
  });
}
