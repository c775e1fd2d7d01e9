import type { FooterItem } from '../keys/help.ts';
import { cut, type Span, textWidth } from './text.ts';
import type { StyleName } from './theme.ts';

/** A part of a one-row bar that can be clicked. */
export interface BarItem<Id> {
  readonly id: Id;
  readonly x: number;
  readonly width: number;
  readonly spans: readonly Span[];
}

/** The item at a column, if any. */
export const itemAt = <Id>(items: readonly BarItem<Id>[], x: number): BarItem<Id> | undefined =>
  items.find((item) => x >= item.x && x < item.x + item.width);

/** The spans of a bar with the gaps between its items filled. */
export function barSpans<Id>(items: readonly BarItem<Id>[]): Span[] {
  const spans: Span[] = [];
  let x = 0;
  for (const item of items) {
    if (item.x > x) spans.push({ text: ' '.repeat(item.x - x) });
    spans.push(...item.spans);
    x = item.x + item.width;
  }
  return spans;
}

export interface TabDefinition {
  readonly id: string;
  /** What is pressed for it. */
  readonly key: string;
  readonly title: string;
}

/**
 * ` 1 Home  2 Knowledge `; with one blank between them, then as keys alone, where the titles do not fit. The current tab
 * is always whole.
 */
export function tabItems(tabs: readonly TabDefinition[], current: string, width: number): BarItem<string>[] {
  const whole = tabs.reduce((sum, tab) => sum + textWidth(` ${tab.key} ${tab.title} `), 0);
  const tight = whole - (tabs.length - 1);
  const other = ({ key, title }: TabDefinition): string =>
    whole <= width ? ` ${key} ${title} ` : tight <= width ? ` ${key} ${title}` : ` ${key} `;
  let x = 0;
  const items: BarItem<string>[] = [];
  for (const tab of tabs) {
    const active = tab.id === current;
    const text = cut(active ? ` ${tab.key} ${tab.title} ` : other(tab), width - x);
    if (text === '') break;
    const style: StyleName = active ? 'selection' : 'muted';
    items.push({ id: tab.id, x, width: textWidth(text), spans: [{ text, style, bold: active }] });
    x += textWidth(text);
  }
  return items;
}

/** `Enter open  d delete  ? help`: what `footerItems` chose, placed on the row. */
export function footerBar(footer: readonly FooterItem[]): BarItem<FooterItem>[] {
  let x = 1;
  return footer.map((item) => {
    const spans: Span[] = [
      { text: item.keys, style: 'accent', bold: true },
      { text: ` ${item.title}`, style: 'text' },
    ];
    const width = textWidth(`${item.keys} ${item.title}`);
    const placed = { id: item, x, width, spans };
    x += width + 2;
    return placed;
  });
}

export interface StatusItem {
  /** Items with the same id are one thing at two times. */
  readonly id: string;
  readonly text: string;
  readonly style?: StyleName;
  /** The screen a click leads to. */
  readonly screen?: string;
}

/** Status items separated by bars; the last ones are left out where there is no room. `right` stays at the right edge. */
export function statusBar(
  items: readonly StatusItem[],
  right: StatusItem | undefined,
  width: number,
): BarItem<StatusItem>[] {
  const placed: BarItem<StatusItem>[] = [];
  const rightText = right ? ` ${right.text} ` : '';
  const room = width - textWidth(rightText);
  let x = 0;
  for (const item of items) {
    const lead = placed.length > 0 ? '│ ' : ' ';
    const text = cut(`${item.text} `, room - x - textWidth(lead));
    if (textWidth(text) < Math.min(6, textWidth(item.text))) break;
    const spans: Span[] = [
      { text: lead, style: 'border' },
      { text, style: item.style ?? 'muted' },
    ];
    const itemWidth = textWidth(lead) + textWidth(text);
    placed.push({ id: item, x, width: itemWidth, spans });
    x += itemWidth;
  }
  if (right && textWidth(rightText) <= width) {
    const spans: Span[] = [{ text: rightText, style: right.style ?? 'muted' }];
    placed.push({ id: right, x: width - textWidth(rightText), width: textWidth(rightText), spans });
  }
  return placed;
}
