import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseBytes, Quantity } from '../../api/index.ts';
import { type MaskPointer, MaskPointerError, parseMaskPointer } from '../../telemetry/index.ts';

/** Where the operator's records go besides standard output, and what nobody may see of them. */
export interface RecordOptions {
  readonly recordFile?: string;
  readonly recordUrl?: URL;
  readonly recordSpool?: string;
  readonly recordSpoolLimit: number;
  readonly recordCa?: string;
  readonly recordTokenFile?: string;
  readonly recordMask?: readonly MaskPointer[];
}

export function addRecordOptions(command: Command): Command {
  return command
    .option('--record-file <file>', 'append the records to this file too, one line each')
    .option('--record-url <url>', 'post the records to this server too; needs --record-spool', parseUrl)
    .option('--record-spool <folder>', 'where records wait on disk until the server has them')
    .addOption(
      new Option('--record-spool-limit <size>', 'how much may wait there; beyond it decisions wait')
        .argParser(parseSize)
        .default(2 ** 30, '1Gi'),
    )
    .option('--record-ca <file>', "authorities in PEM that sign the server's certificate")
    .option('--record-token-file <file>', 'holds the bearer token for the server; read again for each request')
    .option(
      '--record-mask <pointer...>',
      'mask these values in every record: JSON pointers, * for any segment',
      addPointer,
    );
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new InvalidArgumentError('Give an address that reads https://HOST/PATH or http://HOST/PATH.');
  // Arguments can be read by every process of the machine, and addresses stand in logs.
  if (url.username || url.password)
    throw new InvalidArgumentError('Credentials do not belong in an address; give --record-token-file FILE.');
  return url;
}

function parseSize(text: string): number {
  const bytes = Quantity.safeParse(text).success ? parseBytes(text) : 0;
  if (bytes === 0) throw new InvalidArgumentError('Give a size such as 512Mi or 1Gi.');
  return bytes;
}

function addPointer(text: string, previous: readonly MaskPointer[] = []): readonly MaskPointer[] {
  try {
    return [...previous, parseMaskPointer(text)];
  } catch (error) {
    if (error instanceof MaskPointerError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
