/** What the inspection's thread is given, and what it answers. */
export interface InspectionWorkerData {
  wasm: Uint8Array<ArrayBuffer>;
}

export type InspectionMessage =
  | {
      kind: 'inspected';
      abi: { major: number; minor: number };
      /** The builtins that it leaves to its host. */
      builtins: string[];
      /** The number of each, by name. */
      entrypoints: Record<string, number>;
    }
  | { kind: 'unusable'; why: string };
