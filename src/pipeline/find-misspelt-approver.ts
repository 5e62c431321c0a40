/**
 * A name with a prefix and nothing after it is nobody's, and who waits for it waits to the end.
 *
 * @returns what is wrong with the first of these that nobody can be, and where it stands; undefined where there is none
 */
export function findMisspeltApprover(
  approvers: readonly string[],
): { readonly index: number; readonly message: string } | undefined {
  const index = approvers.findIndex((entry) => explain(entry) !== undefined);
  const [found = ''] = approvers.slice(index);
  return index === -1 ? undefined : { index, message: `${JSON.stringify(found)} is nobody: ${explain(found)}` };
}

function explain(entry: string): string | undefined {
  if (entry.startsWith('group:') && !/^group:\S/.test(entry)) return 'write group:NAME, as in group:ml-leads';
  if (entry.startsWith('serviceaccount:') && !/^serviceaccount:[^\s:]+:[^\s:]+$/.test(entry))
    return 'write serviceaccount:NAMESPACE:NAME, as in serviceaccount:ci:deployer';
  return undefined;
}
