import { modelVersionName } from '../../api/index.ts';
import type { SeenVersion } from '../ports.ts';

/** Finds the ModelVersions that belong to one registry, by what the registry calls them. */
export interface VersionIndex {
  observe(key: string, summary: SeenVersion | undefined): void;
  /**
   * @returns the key of the ModelVersion that speaks for a registered version. Where people made several it is the one of
   * the usual name, else the first by name: the registry can follow one only.
   */
  find(model: string, version: string): string | undefined;
  /** @returns the keys of a model's versions. */
  ofModel(model: string): Iterable<string>;
  models(): Iterable<string>;
  readonly size: number;
}

export function createVersionIndex(): VersionIndex {
  const places = new Map<string, { readonly model: string; readonly version: string }>();
  const models = new Map<string, Map<string, Set<string>>>();

  const forget = (key: string): void => {
    const place = places.get(key);
    if (!place) return;
    places.delete(key);
    const versions = models.get(place.model);
    const keys = versions?.get(place.version);
    keys?.delete(key);
    if (keys?.size === 0) versions?.delete(place.version);
    if (versions?.size === 0) models.delete(place.model);
  };

  return {
    observe(key, summary) {
      const place = places.get(key);
      if (summary && place?.model === summary.model && place.version === summary.version) return;
      forget(key);
      if (!summary) return;
      const { model, version } = summary;
      places.set(key, { model, version });
      const versions = models.get(model) ?? new Map<string, Set<string>>();
      models.set(model, versions);
      versions.set(version, (versions.get(version) ?? new Set()).add(key));
    },
    find(model, version) {
      const keys = [...(models.get(model)?.get(version) ?? [])].toSorted();
      const usual = `/${modelVersionName(model, version)}`;
      return keys.find((key) => key.endsWith(usual)) ?? keys[0];
    },
    *ofModel(model) {
      for (const keys of models.get(model)?.values() ?? []) yield* keys;
    },
    models: () => models.keys(),
    get size() {
      return places.size;
    },
  };
}
