import { nearNames } from '../platform/near.ts';

const MOST_NAMED = 20;

/** `Did you mean "split"?`, or what there is. Pure. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const all = [...known];
  const [near] = nearNames(word, all);
  if (near !== undefined) return `Did you mean "${near}"?`;
  return all.length === 0
    ? ''
    : `There are: ${all.slice(0, MOST_NAMED).join(', ')}${all.length > MOST_NAMED ? ' …' : ''}.`;
}
