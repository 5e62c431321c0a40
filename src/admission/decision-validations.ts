import { ANNOTATIONS, APPROVE_VERB, GROUP, VERDICTS } from '../api/index.ts';
import { type CelValidation, celLines, celString } from './cel.ts';
import { TRY_AGAIN } from './names.ts';
import { CEL_VERDICT_ANNOTATION } from './stamp-variables.ts';

const MAX_REASON_LENGTH = 1024;
const DECISIONS = VERDICTS.map((verdict) => ANNOTATIONS[verdict]).join(', ');
const NAME = "object.metadata.?name.orValue('')";
const REASON = `variables.annotations[${CEL_VERDICT_ANNOTATION}]`;
const VERB = `the RBAC verb ${APPROVE_VERB} on modelversions.${GROUP}`;
const NEVER_EDITED = `${ANNOTATIONS.decidedBy} says who decided and is never edited: leave it as it was`;
const SUBMISSION_NEVER_EDITED = `${ANNOTATIONS.submittedBy} says who submitted the spec and is never edited: leave it as it was`;
const NOT_STAMPED = `${ANNOTATIONS.decidedBy} must be the stamp of this request. Nothing here writes it for you: use \`assent approve\`, or write it: `;

/** The rules of `assent-decisions`. All are run; the first that fails gives the answer. */
export const DECISION_VALIDATIONS: readonly CelValidation[] = [
  {
    expression: celLines(
      'variables.given.size() == 0 ||',
      `authorizer.group(${celString(GROUP)}).resource('modelversions')`,
      `  .namespace(request.namespace).name(${NAME}).check(${celString(APPROVE_VERB)}).allowed()`,
    ),
    message: `whoever decides needs ${VERB}`,
    messageExpression: celLines(
      `variables.user + ${celString(` may not decide: that needs ${VERB} `)} + ${NAME} +`,
      "' in namespace ' + request.namespace + ' (ClusterRole assent-approver has it)'",
    ),
    reason: 'Forbidden',
  },
  {
    expression: 'variables.given.size() <= 1',
    message: `one decision a request: write only one of ${DECISIONS}`,
    reason: 'Invalid',
  },
  {
    expression: `variables.given.all(verdict, ${REASON}.trim() != '')`,
    message: 'a decision needs a reason: write it as the value of the annotation',
    reason: 'Invalid',
  },
  {
    expression: `variables.given.all(verdict, ${REASON}.size() <= ${MAX_REASON_LENGTH})`,
    message: `a reason has at most ${MAX_REASON_LENGTH} characters: shorten it, and link to the rest`,
    reason: 'Invalid',
  },
  {
    expression: 'oldObject == null || !variables.respecified || variables.given.size() == 0',
    message: 'a decision is for the spec as it is stored: change the spec in one request and decide in another',
    reason: 'Invalid',
  },
  {
    expression: 'variables.unrecorded.size() == 0 || variables.given.size() + variables.removed.size() == 0',
    message: `an earlier decision is not recorded yet: ${TRY_AGAIN}`,
    messageExpression: `'the decision before this one (' + variables.unrecorded[0] + ${celString(`) is not recorded yet: ${TRY_AGAIN}`)}`,
    reason: 'Invalid',
  },
  {
    // An approval of the old spec lapses with it. A rejection must not: a change of the spec would dodge it.
    expression: "!variables.respecified || variables.unrecorded.all(verdict, verdict == 'approve')",
    message: `a rejection is not recorded yet, and the spec cannot change before that: ${TRY_AGAIN}`,
    reason: 'Invalid',
  },
  {
    // strings.quote leaves these as they are, or writes \a and \v, which JSON does not know.
    expression: celLines(
      'variables.given.size() == 0 && !variables.respecified ||',
      String.raw`([variables.user, variables.submitter] + variables.groups).all(name, !name.matches(r'[\x00-\x1f\x{fffd}]'))`,
    ),
    message:
      "the user's name or a group's holds control characters or is not UTF-8 and cannot be stamped: use another user",
    reason: 'Forbidden',
  },
  {
    expression: 'variables.foundDecidedBy == variables.decidedBy',
    message: NEVER_EDITED,
    messageExpression: celLines(
      `variables.given.size() == 0 ? ${celString(NEVER_EDITED)} :`,
      `${celString(NOT_STAMPED)} + variables.decidedBy`,
    ),
    reason: 'Forbidden',
  },
  {
    // Where nothing stamps, a client that knows nothing of stamps may still submit: the submitter is then unknown.
    expression: 'variables.foundSubmittedBy in [variables.submittedBy, variables.oldSubmittedBy]',
    message: SUBMISSION_NEVER_EDITED,
    messageExpression: celLines(
      `${celString(SUBMISSION_NEVER_EDITED)} +`,
      "(variables.respecified ? ', or write the stamp of this request: ' + variables.submittedBy : '')",
    ),
    reason: 'Forbidden',
  },
];
