type DevErrorCode =
  | 'AlreadyRunning'
  | 'AssetsIncomplete'
  | 'BuildFailed'
  | 'GoFailed'
  | 'GoMissing'
  | 'NotInstalled'
  | 'NotStarted'
  | 'PlatformUnsupported'
  | 'PythonFailed'
  | 'StartFailed'
  | 'ToolMissing';

/** A failure of the development environment whose message says what to do next. */
export class DevError extends Error {
  readonly code: DevErrorCode;

  constructor(code: DevErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DevError';
    this.code = code;
  }
}
