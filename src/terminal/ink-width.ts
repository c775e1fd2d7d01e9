import stringWidth, { type Options } from 'string-width';

// Ink measures every cell of every frame anew. `scripts/build.js` gives it this in place of `string-width`.

const MOST = 4000;
/** Longer texts are rare, and dear to keep. */
const LONGEST = 400;
let widths = new Map<string, number>();
let older = new Map<string, number>();

/** `stringWidth`, remembered. */
export default function rememberedWidth(text: string, options?: Options): number {
  if (options !== undefined || text.length > LONGEST) return stringWidth(text, options);
  const known = widths.get(text);
  if (known !== undefined) return known;
  const width = older.get(text) ?? stringWidth(text);
  if (widths.size >= MOST) {
    older = widths;
    widths = new Map();
  }
  widths.set(text, width);
  return width;
}
