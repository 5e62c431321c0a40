/** Resource versions of one collection are numbers that grow (KEP-5504); where they are not, none is older. */
export function isOlder(one: string, other: string): boolean {
  return /^\d+$/.test(one) && /^\d+$/.test(other) && BigInt(one) < BigInt(other);
}
