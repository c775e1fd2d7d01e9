import { Fzf } from 'fzf';
import type { BoundAction, Scope } from './bind.ts';
import { isTyped, keyName } from './names.ts';
import type { ActionTable } from './registry.ts';

/** Title and help of an action in the user's language. */
export type ActionWords = (action: Pick<BoundAction, 'id' | 'title' | 'help'>) => {
  readonly title: string;
  readonly help: string;
};
const ownWords: ActionWords = ({ title, help }) => ({ title, help });

export interface FooterItem {
  readonly action: BoundAction;
  /** `Ctrl+P`. */
  readonly keys: string;
  readonly title: string;
}

/** The first key that works here, written for people; undefined when none does. */
function liveKey(action: BoundAction, inText: boolean): string | undefined {
  const key = action.keys.find((each) => !inText || (action.inText && !isTyped(each)));
  return key === undefined ? undefined : keyName(key);
}

/**
 * What can be done here, most useful first: ranked actions of the innermost scope, then outward. What cannot be done
 * now is left out (help says why); so is what does not fit in `width` (as `measure` counts; two cells between items),
 * the lowest ranks first.
 */
export function footerItems(
  scopes: readonly Scope[],
  options: { inText: boolean; width: number; measure: (text: string) => number; words?: ActionWords },
): FooterItem[] {
  const { inText, width, measure, words = ownWords } = options;
  const seen = new Set<string>();
  const items: FooterItem[] = [];
  let room = width;
  for (const scope of scopes) {
    const ranked = scope.actions.filter((action) => action.rank !== undefined);
    for (const action of ranked.sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0))) {
      const keys = liveKey(action, inText);
      if (keys === undefined || seen.has(keys) || action.when() !== true) continue;
      const { title } = words(action);
      const needed = measure(`${keys} ${title}`) + (items.length > 0 ? 2 : 0);
      if (needed > room) continue;
      seen.add(keys);
      room -= needed;
      items.push({ action, keys, title });
    }
  }
  return items;
}

export interface HelpRow {
  readonly id: string;
  readonly keys: string;
  readonly title: string;
  readonly help: string;
  /** The reason why it cannot be done now; undefined when it can. */
  readonly disabled: string | undefined;
}
export interface HelpSection {
  readonly title: string;
  readonly rows: readonly HelpRow[];
}

/** Every key that works here, by scope, innermost first. Keys that an inner scope took are left out of outer ones. */
export function helpSections(scopes: readonly Scope[], words: ActionWords = ownWords): HelpSection[] {
  const taken = new Set<string>();
  const sections: HelpSection[] = [];
  for (const scope of scopes) {
    const rows: HelpRow[] = [];
    for (const action of scope.actions) {
      const keys = action.keys.filter((key) => !taken.has(key));
      if (keys.length === 0 && action.keys.length > 0) continue;
      const reason = action.when();
      rows.push({
        id: action.id,
        keys: keys.map(keyName).join(' '),
        ...words(action),
        disabled: reason === true ? undefined : reason,
      });
    }
    for (const action of scope.actions) for (const key of action.keys) taken.add(key);
    if (rows.length > 0) sections.push({ title: scope.name, rows });
  }
  return sections;
}

export interface PaletteItem {
  readonly action: BoundAction;
  /** Name of the scope it belongs to. */
  readonly place: string;
  readonly title: string;
  readonly help: string;
  readonly keys: string;
  readonly disabled: string | undefined;
  /** UTF-16 offsets in `title` that the query matched. */
  readonly matched: readonly number[];
}

/** Actions whose title or id fits the query, best first; without a query all, in the order of the scopes. */
export function paletteItems(scopes: readonly Scope[], query: string, words: ActionWords = ownWords): PaletteItem[] {
  const seen = new Set<string>();
  const items: PaletteItem[] = [];
  for (const { name: place, actions } of scopes) {
    for (const action of actions) {
      if (seen.has(action.id)) continue;
      seen.add(action.id);
      const reason = action.when();
      const disabled = reason === true ? undefined : reason;
      const keys = action.keys.map(keyName).join(' ');
      items.push({ action, place, ...words(action), keys, disabled, matched: [] });
    }
  }
  const wanted = query.normalize('NFKC').trim();
  if (wanted === '') return items;
  const finder = new Fzf(items, {
    // The id and the English title are found too, whatever the language of the screen.
    selector: (item) => `${item.title} ${item.action.id} ${item.action.title}`,
    casing: 'case-insensitive',
  });
  return finder.find(wanted).map(({ item, positions }) => ({
    ...item,
    matched: [...positions].filter((offset) => offset < item.title.length).sort((a, b) => a - b),
  }));
}

/** The key tables as Markdown, for the README. */
export function keyTableMarkdown(tables: readonly ActionTable[]): string {
  const cellText = (text: string): string => text.replace(/\|/g, '\\|');
  return tables
    .filter((table) => table.actions.length > 0)
    .map((table) => {
      const rows = table.actions.map((action) => {
        const keys = action.keys.map((key) => `\`${cellText(keyName(key))}\``).join(' ');
        return `| ${keys || '–'} | ${cellText(action.title)} | ${cellText(action.help)} | \`${action.id}\` |`;
      });
      return [
        `### ${table.title}`,
        '',
        '| Keys | Action | What it does | Id |',
        '| --- | --- | --- | --- |',
        ...rows,
        '',
      ].join('\n');
    })
    .join('\n');
}
