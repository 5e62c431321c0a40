import { z } from 'zod';

/** One of OPA's own cases, as `compiler/native` writes it. */
export const conformanceCase = z.object({
  /** The feature that the case is about. */
  directory: z.string(),
  note: z.string(),
  query: z.string(),
  /** What the query binds. */
  variables: z.array(z.string()),
  modules: z.array(z.string()).nullable(),
  /** JSON, as all text below but the term. */
  data: z.string().nullable(),
  input: z.string().nullable(),
  /** The input as Rego, which can say more than JSON. */
  inputTerm: z.string().nullable(),
  wantResult: z.string().nullable(),
  wantErrorCode: z.string().nullable(),
  wantError: z.string().nullable(),
  sortBindings: z.boolean(),
  /** The error that is wanted is one of a builtin, which is undefined unless somebody asks for errors. */
  strictError: z.boolean(),
  experimentalKeywords: z.boolean(),
});
export type ConformanceCase = z.infer<typeof conformanceCase>;

/** What asks for the present, and when the certificates of OPA's cases are valid. */
const presentBuiltin = /\b(io\.jwt\.decode_verify|crypto\.x509\.parse_and_verify_certificates)/;
const present = '2026-01-01T00:00:00Z';

const queryPackage = 'conformance_query';
/** The document whose one rule is the case's result. */
export const answerPackage = 'conformance_answer';

/** The result of a program. */
export const answerQuery = `data.${answerPackage}.text`;

/** What runs a case: its modules, and two that make a rule of its query. */
export interface CaseProgram {
  modules: Readonly<Record<string, string>>;
  packages: readonly string[];
  data: string;
  input: string;
}

/**
 * A case's result is a set of bindings. Rego prints it, in an order of its own and with its sets told from its arrays;
 * that text is `data.conformance_answer.text`.
 */
export function buildProgram(given: ConformanceCase): CaseProgram {
  const modules: Record<string, string> = {};
  for (const [index, source] of (given.modules ?? []).entries()) modules[`test-${index}.rego`] = source;
  const roots = Object.values(modules).map((source) => /^package\s+([^.\s[]+)/m.exec(source)?.[1] ?? '');
  const bindings = given.variables.map((name) => `"${name}": ${name}`);
  modules['query.rego'] = `package ${queryPackage}

bindings contains {${bindings.join(', ')}} if {
	${given.query}
}
`;
  const input = given.inputTerm === null ? '' : ` with input as ${given.inputTerm}`;
  modules['answer.rego'] = `package ${answerPackage}

text := printed if printed := sprintf("%v", [data.${queryPackage}.bindings])${input}
`;
  return {
    modules,
    packages: [...new Set([queryPackage, ...roots])],
    data: given.data ?? '{}',
    input: given.input ?? JSON.stringify(presentBuiltin.test(given.modules?.join() ?? '') ? { now: present } : {}),
  };
}
