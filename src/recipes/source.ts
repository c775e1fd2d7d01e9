import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/** Where something stands in the file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a recipe, and where. */
export interface RecipeProblem extends Place {
  /** `datasets.train.limit`; '' = the file as a whole. */
  readonly at: string;
  readonly message: string;
  readonly hint: string;
}

export type Path = readonly (string | number)[];

/** A YAML text as values, with the place of each. */
export interface YamlSource {
  readonly value: unknown;
  readonly problems: readonly RecipeProblem[];
  /** Of what stands at a path, or of the nearest thing around it. */
  place(path: Path): Place;
  /** Of the key of that path. */
  keyPlace(path: Path): Place;
}

const DEEPEST = 20;

/** Reads YAML 1.2 without aliases, tags or more than one document: a recipe says what it means where it stands. Pure. */
export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true });
  const places = new Map<string, { value: Place; key: Place }>();
  const problems: RecipeProblem[] = [];
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  for (const { message, pos } of [...document.errors, ...document.warnings]) {
    problems.push({ ...at(pos[0]), at: '', message: sentence(message), hint: '' });
  }
  const startOf = (node: unknown, fallback: number): number =>
    isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? fallback) : fallback;

  function walk(node: unknown, path: Path, keyOffset: number): unknown {
    const offset = startOf(node, keyOffset);
    places.set(keyOf(path), { value: at(offset), key: at(keyOffset) });
    const refuse = (message: string, hint: string): undefined => {
      problems.push({ ...at(offset), at: path.join('.'), message, hint });
      return undefined;
    };
    if (path.length > DEEPEST) return refuse('This is nested too deeply.', '');
    if (isAlias(node)) return refuse('Aliases (*name) are not read in recipes.', 'Write it out, or use a variable.');
    if (isMap(node)) {
      const entries = node.items.map((pair): [string, unknown] => {
        const name = isScalar(pair.key) ? String(pair.key.value) : '';
        if (name === '') refuse('A key must be a plain word.', '');
        const offset = startOf(pair.key, keyOffset);
        return [name, walk(pair.value, [...path, name], offset)];
      });
      return Object.fromEntries(entries);
    }
    if (isSeq(node)) return node.items.map((item, index) => walk(item, [...path, index], startOf(item, keyOffset)));
    return isScalar(node) ? node.value : null;
  }

  const root: Node | null = document.contents;
  const value = problems.length > 0 ? undefined : walk(root, [], 0);
  const find = (path: Path) => {
    for (let length = path.length; length >= 0; length--) {
      const found = places.get(keyOf(path.slice(0, length)));
      if (found) return { found, exact: length === path.length };
    }
    return undefined;
  };
  return {
    value,
    problems,
    place: (path) => {
      const near = find(path);
      // What is missing is looked for at the key of what lacks it.
      return (near?.exact ? near.found.value : near?.found.key) ?? { line: 1, column: 1 };
    },
    keyPlace: (path) => find(path)?.found.key ?? { line: 1, column: 1 },
  };
}

const keyOf = (path: Path): string => JSON.stringify(path);
const sentence = (text: string): string => `${text.replace(/\s+/g, ' ').replace(/[.:]?$/, '')}.`;
