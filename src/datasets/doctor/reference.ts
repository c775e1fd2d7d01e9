/** `NAME[@VERSION][:PART]` in its pieces. */
export function parseReference(reference: string): { name: string; version: string | undefined; part: string } {
  const found = /^(.+?)(?:@(v-[0-9a-f]{12}))?(?::(.+))?$/.exec(reference);
  return { name: found?.[1] ?? reference, version: found?.[2], part: found?.[3] ?? 'all' };
}
