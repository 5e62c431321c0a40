import { isServedStage } from '../api/index.ts';
import type { ModelVersionSummary } from './model-version-summary.ts';
import { namespaceOf } from './object-ref.ts';

/** Finds the versions of one model, and the one that holds a stage. */
export interface ModelVersionIndex {
  /** Told of every change of the cache. */
  observe(key: string, before: ModelVersionSummary | undefined, now: ModelVersionSummary | undefined): void;
  /** @returns the keys of all versions of the same model in the same namespace. */
  sameModel(key: string, model: string): Iterable<string>;
  /** @returns the key of the other version that came to the stage last and holds it; None and Archived hold nobody. */
  champion(key: string, model: string, stage: string): string | undefined;
  /** @returns the key of the other version that holds the stage and came to it before this one. */
  predecessor(key: string, summary: ModelVersionSummary): string | undefined;
  /** @returns the key of a version that took this one's stage for itself alone, after this one came to it. */
  supersededBy(key: string, summary: ModelVersionSummary): string | undefined;
}

/** Reads and changes cost the logarithm of a model's versions, for a model may have ten thousand. */
export function createModelVersionIndex(): ModelVersionIndex {
  const byModel = new Map<string, Set<string>>();
  const holders = new Map<string, SortedMoves>();
  const archivers = new Map<string, SortedMoves>();

  const place = (
    key: string,
    summary: ModelVersionSummary,
    change: (groups: Map<string, SortedMoves>, group: string, move: string) => void,
  ): void => {
    if (!isServedStage(summary.stage)) return;
    const group = `${modelKey(key, summary.model)}/${summary.stage}`;
    change(holders, group, moveOf(key, summary));
    if (summary.archivesOthers) change(archivers, group, moveOf(key, summary));
  };

  return {
    observe(key, before, now) {
      if (before) {
        place(key, before, removeMove);
        if (before.model !== now?.model) forget(byModel, modelKey(key, before.model), key);
      }
      if (!now) return;
      place(key, now, addMove);
      const group = modelKey(key, now.model);
      byModel.set(group, (byModel.get(group) ?? new Set()).add(key));
    },
    sameModel: (key, model) => byModel.get(modelKey(key, model)) ?? [],
    champion: (key, model, stage) => holders.get(`${modelKey(key, model)}/${stage}`)?.newestBut(key),
    predecessor: (key, summary) =>
      holders.get(`${modelKey(key, summary.model)}/${summary.stage}`)?.before(moveOf(key, summary)),
    supersededBy(key, summary) {
      const moves = archivers.get(`${modelKey(key, summary.model)}/${summary.stage}`);
      return moves?.newestBut(key, moveOf(key, summary));
    },
  };
}

/** Moves to one stage, in the order of time. */
interface SortedMoves {
  add(move: string): void;
  delete(move: string): void;
  /** @returns the key of the newest move that is not `key`'s and, where `after` is given, later than that. */
  newestBut(key: string, after?: string): string | undefined;
  /** @returns the key of the move before this one. */
  before(move: string): string | undefined;
  readonly size: number;
}

function createSortedMoves(): SortedMoves {
  const moves: string[] = [];
  const find = (move: string): number => {
    let low = 0;
    let high = moves.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((moves[middle] ?? '') < move) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    add(move) {
      const at = find(move);
      if (moves[at] !== move) moves.splice(at, 0, move);
    },
    delete(move) {
      const at = find(move);
      if (moves[at] === move) moves.splice(at, 1);
    },
    newestBut(key, after = '') {
      const newest = moves.at(-1);
      const found = newest !== undefined && keyOf(newest) === key ? moves.at(-2) : newest;
      return found !== undefined && found > after ? keyOf(found) : undefined;
    },
    before(move) {
      const at = find(move);
      const found = at > 0 ? moves[at - 1] : undefined;
      return found === undefined ? undefined : keyOf(found);
    },
    get size() {
      return moves.length;
    },
  };
}

/** Two moves within one millisecond are told apart by key, so that every reader sees the same order. */
function moveOf(key: string, { movedAt }: ModelVersionSummary): string {
  return `${movedAt} ${key}`;
}

function keyOf(move: string): string {
  return move.slice(move.indexOf(' ') + 1);
}

/** A key's namespace cannot hold a slash, so the pair is unambiguous whatever the model is called. */
function modelKey(key: string, model: string): string {
  return `${namespaceOf(key)}/${model}`;
}

function addMove(groups: Map<string, SortedMoves>, group: string, move: string): void {
  const moves = groups.get(group) ?? createSortedMoves();
  moves.add(move);
  groups.set(group, moves);
}

function removeMove(groups: Map<string, SortedMoves>, group: string, move: string): void {
  const moves = groups.get(group);
  moves?.delete(move);
  if (moves?.size === 0) groups.delete(group);
}

function forget(groups: Map<string, Set<string>>, group: string, key: string): void {
  const keys = groups.get(group);
  keys?.delete(key);
  if (keys?.size === 0) groups.delete(group);
}
