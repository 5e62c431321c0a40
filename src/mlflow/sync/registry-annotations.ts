import { GROUP } from '../../api/index.ts';

/** On a ModelVersion that was imported: the ModelRegistry whose word its spec follows. */
export const REGISTRY_LABEL = `${GROUP}/registry`;

/** On the same: the tag assent.dev/stage as it was when the stage was last asked for. */
export const ASKED_ANNOTATION = `${GROUP}/registry-stage`;

/** On a ModelRegistry: any other value than before has it compared now. */
export const SYNC_ANNOTATION = `${GROUP}/sync-requested-at`;
