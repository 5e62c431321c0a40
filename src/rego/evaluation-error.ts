/**
 * Why an evaluation has no value:
 * `timeout` past its deadline; `memory` more than its memory maximum; `input-too-large`; `result-too-large`;
 * `builtin` the module calls a builtin that we do not have; `policy` the policy itself failed (conflicting rules,
 * too deep a recursion); `internal` anything that is not the policy's doing.
 */
export type EvaluationErrorCode =
  | 'timeout'
  | 'memory'
  | 'input-too-large'
  | 'result-too-large'
  | 'builtin'
  | 'policy'
  | 'internal';

/** An evaluation failed inside the runtime. Outside it is a result, never an exception. */
export class EvaluationError extends Error {
  readonly code: EvaluationErrorCode;
  constructor(code: EvaluationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
