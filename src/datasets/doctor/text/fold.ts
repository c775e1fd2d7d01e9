// What is the same to a reader is the same after folding: width, case, accents, spaces and punctuation do not count.
// Numbers keep what makes them numbers: "3.14" is not "314", "12:30" is not "1230".

const DROPPED = 0;
const UNIT_COUNT = 0x1_0000;
const KEPT_SYMBOLS = new Set(['%', '‰', '#', '@', '&']);
/** Between two digits these are part of the number. */
const IN_NUMBERS = new Set(['.', ':', '/']);

interface FoldTable {
  /** Folded unit of every UTF-16 unit; 0: it does not count. */
  readonly units: Uint16Array;
  /** Characters that fold to several: ㈱ → (株) → 株. */
  readonly expansions: ReadonlyMap<number, string>;
}

let built: FoldTable | undefined;

function foldTable(): FoldTable {
  if (built) return built;
  const units = new Uint16Array(UNIT_COUNT);
  const expansions = new Map<number, string>();
  for (let unit = 1; unit < UNIT_COUNT; unit++) {
    if (unit >= 0xd800 && unit <= 0xdfff) {
      units[unit] = unit;
      continue;
    }
    const folded = foldUnit(unit);
    units[unit] = folded.charCodeAt(0) || DROPPED;
    if (folded.length > 1) expansions.set(unit, folded);
  }
  built = { units, expansions };
  return built;
}

function foldUnit(unit: number): string {
  const text = String.fromCharCode(unit);
  const latin = unit < 0x250 || (unit >= 0x1e00 && unit <= 0x1eff);
  // Accents go from Latin letters alone: a kana with its mark is another kana.
  const plain = latin ? text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '') : text.normalize('NFKC');
  return [...plain.toLowerCase()].filter(counts).join('');
}

const counts = (char: string): boolean => KEPT_SYMBOLS.has(char) || !/\p{P}|\p{Z}|\p{C}|[\u0300-\u036f]/u.test(char);

const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57;

/** A folded text and, for each of its units, where in the original it comes from. */
export interface FoldedText {
  readonly text: string;
  readonly positions: Int32Array;
}

/** Folds a text and keeps where everything comes from (UTF-16 offsets). */
export function foldWithPositions(text: string): FoldedText {
  const positions: number[] = [];
  const units: number[] = [];
  foldEach(text, (unit, at) => {
    units.push(unit);
    positions.push(at);
  });
  return { text: fromUnits(units), positions: Int32Array.from(positions) };
}

/** A text without what a reader does not see as a difference. */
export function fold(text: string): string {
  const units: number[] = [];
  foldEach(text, (unit) => units.push(unit));
  return fromUnits(units);
}

function fromUnits(units: readonly number[]): string {
  return Buffer.from(Uint16Array.from(units).buffer).toString('utf16le');
}

/**
 * Calls `take` for every folded unit with its place in the text, and `true` where a new word or CJK character begins.
 */
export function foldEach(text: string, take: (unit: number, at: number, begins: boolean) => void): void {
  const { units, expansions } = foldTable();
  let between = true;
  let before = 0;
  for (let at = 0; at < text.length; at++) {
    const original = text.charCodeAt(at);
    const unit = units[original] ?? DROPPED;
    if (unit === DROPPED) {
      const mark = markInNumber(text, at, before, units);
      if (mark === DROPPED) {
        // "1,000" is one number: a comma between digits parts nothing.
        if (!(isDigit(before) && isDigit(units[text.charCodeAt(at + 1)] ?? DROPPED))) between = true;
        continue;
      }
      take(mark, at, false);
      before = mark;
      continue;
    }
    const expansion = expansions.get(original);
    if (expansion === undefined) {
      take(unit, at, between || isIdeograph(unit) || isIdeograph(before));
      before = unit;
    } else {
      for (let inner = 0; inner < expansion.length; inner++) {
        before = expansion.charCodeAt(inner);
        take(before, at, inner === 0 || isIdeograph(before));
      }
    }
    between = false;
  }
}

function markInNumber(text: string, at: number, before: number, units: Uint16Array): number {
  if (!isDigit(before)) return DROPPED;
  const mark = text.charAt(at).normalize('NFKC');
  if (!IN_NUMBERS.has(mark) || !isDigit(units[text.charCodeAt(at + 1)] ?? DROPPED)) return DROPPED;
  return mark.charCodeAt(0);
}

/** Written without spaces, so that each is a token of its own: Han, kana, and the halves of what lies beyond. */
export function isIdeograph(unit: number): boolean {
  return (unit >= 0x3040 && unit <= 0x30ff) || (unit >= 0x3400 && unit <= 0x9fff) || (unit >= 0xf900 && unit <= 0xfaff);
}
