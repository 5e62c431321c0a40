import type { ModelVersion } from '../api/index.ts';
import type { RegistryContent } from '../decision/index.ts';

/** What is at hand of a stored ModelVersion. */
export interface SeenVersion {
  readonly generation: number;
  readonly model: string;
  readonly version: string;
  /** The ModelRegistry that it names; '' where it names none. */
  readonly registry: string;
  /** The stage in effect. */
  readonly stage: string;
  /** Not decided yet. */
  readonly needsWork: boolean;
  /** A decision stands that the registry is not known to show. */
  readonly exportPending: boolean;
  /** When it came to its stage; '' where it never moved. */
  readonly movedAt: string;
}

/** The stored ModelVersions. Keys read NAMESPACE/NAME. */
export interface StoredVersions {
  /** @returns the object as stored, unchecked, or undefined where there is none */
  get(key: string): unknown;
  summary(key: string): SeenVersion | undefined;
  keys(): Iterable<string>;
}

/** The versions as whoever watches them tells of them. */
export interface VersionSource {
  readonly versions: StoredVersions;
  /** Something that a decision on the version depends on has changed. */
  requeue(key: string): void;
}

/** What registries hold of one version: the door through which decisions see them. */
export interface RegistryFactsReader {
  read(key: string, version: ModelVersion): RegistryContent;
}

/** @returns the time as RFC 3339 with milliseconds. */
export type Clock = () => string;
