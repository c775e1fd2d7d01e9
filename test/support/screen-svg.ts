import type { CellColour, CellLook, ScreenModel } from './screen-model.ts';
import { boxGlyph } from './screen-svg-boxes.ts';

/** The colours that the terminal itself brings: text, ground, and the first 16 of its palette. */
export interface TerminalColours {
  readonly foreground: string;
  readonly background: string;
  readonly palette: readonly string[];
}

export const DARK_TERMINAL: TerminalColours = {
  foreground: '#d7dce3',
  background: '#161a21',
  palette: [
    ...['#161a21', '#e06c75', '#8fc379', '#e0c07a', '#61a8ef', '#c678dd', '#56b6c2', '#c8ccd4'],
    ...['#5c6370', '#ff7b85', '#a8d98f', '#f0d48c', '#7cbcff', '#d89aee', '#70ccd6', '#ffffff'],
  ],
};

/** Size of a cell, in the units of the picture. */
const CELL = { width: 8, height: 18 };
const FONT_SIZE = 13;
const BASELINE = 13;
const PADDING = 12;
const FONTS =
  "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono CJK SC','PingFang SC','Microsoft YaHei',monospace";

/** Cells of one style side by side. */
interface Run {
  readonly x: number;
  readonly cells: number;
  readonly text: string;
  readonly paint: Paint;
}

interface Paint {
  readonly foreground: string;
  readonly background: string | undefined;
  readonly style: string;
}

/**
 * The screen as a picture: each character in its own cell, whatever font the reader has (a run of text is stretched to
 * its cells; frames, blocks and braille are drawn as shapes).
 */
export function screenSvg(model: ScreenModel, title: string, colours: TerminalColours = DARK_TERMINAL): string {
  const width = model.columns * CELL.width + 2 * PADDING;
  const height = model.height * CELL.height + 2 * PADDING;
  const rows = Array.from({ length: model.height }, (_, y) => rowSvg(rowRuns(model, y, colours), y));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeMarkup(title)}</title>`,
    `<style>text{font-family:${FONTS};font-size:${FONT_SIZE}px}.b{font-weight:700}.i{font-style:italic}.d{opacity:.6}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${colours.background}"/>`,
    `<g transform="translate(${PADDING} ${PADDING})">`,
    ...rows.filter((row) => row !== ''),
    ...cursorSvg(model, colours),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function rowRuns(model: ScreenModel, y: number, colours: TerminalColours): Run[] {
  const runs: Run[] = [];
  for (let x = 0; x < model.columns; ) {
    const look = model.look(x, y);
    const cells = Math.max(1, look.width);
    const text = look.text === '' ? ' ' : look.text;
    const paint = paintOf(look, colours);
    const last = runs.at(-1);
    if (last && joins(last, cells, text, paint)) {
      runs[runs.length - 1] = { ...last, cells: last.cells + cells, text: last.text + text };
    } else runs.push({ x, cells, text, paint });
    x += cells;
  }
  return runs;
}

/** Wide characters, shapes and single-cell text are drawn each in its own way, so that none pushes another. */
function joins(last: Run, cells: number, text: string, paint: Paint): boolean {
  const kind = (characters: string, width: number) =>
    boxGlyph(characters.slice(0, 1), CELL) !== undefined ? 'shape' : width > characters.length ? 'wide' : 'text';
  return (
    last.paint.foreground === paint.foreground &&
    last.paint.background === paint.background &&
    last.paint.style === paint.style &&
    kind(last.text, last.cells) === kind(text, cells)
  );
}

function paintOf(look: CellLook, colours: TerminalColours): Paint {
  const front = colourOf(look.foreground, colours) ?? colours.foreground;
  const ground = colourOf(look.background, colours);
  const names = [look.bold && 'b', look.italic && 'i', look.dim && 'd', look.underline && 'u'].filter(Boolean);
  return {
    foreground: look.inverse ? (ground ?? colours.background) : front,
    background: look.inverse ? front : ground,
    style: names.join(' '),
  };
}

function colourOf(colour: CellColour, colours: TerminalColours): string | undefined {
  if (colour.kind === 'default') return undefined;
  if (colour.kind === 'rgb') return `#${colour.value.toString(16).padStart(6, '0')}`;
  return colours.palette[colour.value] ?? ofCube(colour.value);
}

/** Numbers 16 to 255 of the palette of xterm: a cube of 6 × 6 × 6, then 24 greys. */
function ofCube(value: number): string {
  const hex = (levels: readonly number[]) => `#${levels.map((level) => level.toString(16).padStart(2, '0')).join('')}`;
  if (value >= 232) return hex(Array(3).fill(8 + (value - 232) * 10));
  const at = value - 16;
  return hex([Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((step) => (step === 0 ? 0 : 55 + step * 40)));
}

function rowSvg(runs: readonly Run[], y: number): string {
  const top = y * CELL.height;
  const grounds = runs.flatMap(({ x, cells, paint }) =>
    paint.background === undefined
      ? []
      : [
          `<rect x="${x * CELL.width}" y="${top}" width="${cells * CELL.width}" height="${CELL.height}" fill="${paint.background}"/>`,
        ],
  );
  return [...grounds, ...runs.flatMap((run) => runSvg(run, top))].join('');
}

function runSvg(run: Run, top: number): string[] {
  const left = run.x * CELL.width;
  const colour = `fill="${run.paint.foreground}"`;
  const classes = run.paint.style.replace(/ ?\bu\b/, '');
  const name = classes === '' ? '' : ` class="${classes}"`;
  const line = run.paint.style.split(' ').includes('u')
    ? [`<rect x="${left}" y="${top + BASELINE + 2}" width="${run.cells * CELL.width}" height="1" ${colour}/>`]
    : [];
  if (boxGlyph([...run.text][0] ?? '', CELL) !== undefined) {
    const shapes = [...run.text].map((character, at) => boxGlyph(character, CELL, left + at * CELL.width, top) ?? '');
    return [`<path${name} d="${shapes.join('')}" ${colour}/>`, ...line];
  }
  return [...wordsOf(run).map((word) => textSvg(word, top, `${name} ${colour}`)), ...line];
}

/** Text without the blanks around it: parts with two blanks between them stand for themselves. */
function wordsOf({ x, cells, text }: Run): { x: number; cells: number; text: string }[] {
  const perCharacter = cells / [...text].length;
  return [...text.matchAll(/\S+(?: \S+)*/g)].map((match) => ({
    x: x + [...text.slice(0, match.index)].length * perCharacter,
    cells: [...match[0]].length * perCharacter,
    text: match[0],
  }));
}

function textSvg(word: { x: number; cells: number; text: string }, top: number, attributes: string): string {
  const fit = `textLength="${word.cells * CELL.width}" lengthAdjust="spacingAndGlyphs"`;
  return `<text x="${word.x * CELL.width}" y="${top + BASELINE}" ${fit}${attributes}>${escapeMarkup(word.text)}</text>`;
}

function cursorSvg(model: ScreenModel, colours: TerminalColours): string[] {
  const { x, y, visible } = model.cursor();
  if (!visible) return [];
  const place = `x="${x * CELL.width}" y="${y * CELL.height + 1}" width="2" height="${CELL.height - 2}"`;
  return [`<rect ${place} fill="${colours.foreground}"/>`];
}

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
