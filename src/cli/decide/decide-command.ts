import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_NAMESPACE, OPERATOR_NAME } from '../../admission/index.ts';
import { Duration, parseDurationMs, VERDICTS, type Verdict } from '../../api/index.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import { type DecisionResult, type ExitCode, renderExitCodes, toDecideExitCode } from '../exit-code.ts';
import { createPaint } from '../paint.ts';
import { parseInteger } from '../parse-integer.ts';
import { printable } from '../printable.ts';
import { locateVersion, versionArgument } from '../version-name.ts';
import { awaitRecord } from './await-record.ts';
import { giveDecision } from './give-decision.ts';
import { NOUNS, renderDecided, renderUnseen } from './render-decided.ts';

interface DecideOptions extends NamespaceOptions {
  readonly reason: string;
  readonly generation?: number;
  readonly timeout: string;
  readonly wait: boolean;
}

const SUMMARIES: Readonly<Record<Verdict, string>> = {
  approve: 'approve a version',
  reject: 'reject a version',
  revoke: 'take the approval of a version back',
};

/** As the admission policy `assent-decisions` counts. */
const MAX_REASON_LENGTH = 1024;
/** Node's longest timer: 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @returns the commands `approve`, `reject` and `revoke`, which differ in their verdict alone. */
export function buildDecideCommands(exit: (code: ExitCode) => void): readonly Command[] {
  return VERDICTS.map((verdict) =>
    addNamespaceOptions(
      new Command(verdict)
        .summary(SUMMARIES[verdict])
        .description(
          `Writes the annotation assent.dev/${verdict} as yourself, waits until the operator has recorded it, and tells what came of it.`,
        )
        .addHelpText('after', renderExitCodes('decide'))
        .addArgument(versionArgument())
        .requiredOption('--reason <text>', 'why, for whoever reads it later', parseReason),
    )
      .option('--generation <number>', 'only if the spec is still at this generation', parseInteger(1, 2 ** 31 - 1))
      .addOption(
        new Option('--timeout <duration>', 'how long to wait, and to try again')
          .default('30s')
          .argParser(parseDuration),
      )
      .option('--no-wait', 'do not wait until it is recorded')
      .action(async (name: string, options: DecideOptions) =>
        exit(toDecideExitCode(await decide(verdict, name, options))),
      ),
  );
}

async function decide(verdict: Verdict, name: string, options: DecideOptions): Promise<DecisionResult> {
  const { reason, generation, timeout, wait } = options;
  await using cluster = openCluster(options);
  const where = locateVersion(cluster, name, options);
  const signal = AbortSignal.timeout(Math.min(parseDurationMs(timeout), MAX_TIMER_MS));

  const given = await giveDecision(cluster, { ...where, verdict, reason, generation }, signal);
  if (given.kind === 'blocked') {
    console.error(printable(given.message));
    console.error(`the ${NOUNS[verdict]} was not taken within ${timeout}; ${IS_IT_RUNNING}`);
    return 'unrecorded';
  }
  process.stderr.write(renderUnseen(given, verdict));
  if (!wait) {
    console.log(`${NOUNS[verdict]} of ${name} is written`);
    return 'sent';
  }
  const recorded = await awaitRecord(cluster, where, { stamp: given.stamp, reason }, signal);
  if (!recorded) {
    console.error(`the ${NOUNS[verdict]} of ${name} is written and not recorded within ${timeout}; ${IS_IT_RUNNING}`);
    return 'unrecorded';
  }
  process.stdout.write(renderDecided(recorded, createPaint(process.stdout)));
  return recorded.record.counted ? 'counted' : 'not-counted';
}

const IS_IT_RUNNING = `is the operator running? \`kubectl -n ${DEFAULT_NAMESPACE} get deployment ${OPERATOR_NAME}\` tells`;

function parseReason(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Give a reason, in your own words.');
  if ([...text].length > MAX_REASON_LENGTH)
    throw new InvalidArgumentError(
      `A reason has at most ${MAX_REASON_LENGTH} characters: shorten it, and link to the rest.`,
    );
  return text;
}

function parseDuration(text: string): string {
  const parsed = Duration.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError('A duration reads like 100ms, 30s or 5m.');
  return parsed.data;
}
