import type { Hit } from '../../src/kb/types.ts';
import { RagtuiError } from '../../src/platform/errors.ts';
import type { ColumnState } from '../../src/rag/compare.ts';
import type { Scores } from '../../src/rag/comparisons/score.ts';
import { answer, knowledgeBase, searchResult } from '../store/fakes.ts';
import { openScreens, type ScreensWindow, type World } from './screens-window.tsx';

export const CHAT = 'smollm2-135m-instruct';

/** The compare screen over fakes, at 120×40 if nothing else is said. */
export async function openCompare(world: Partial<World> = {}): Promise<ScreensWindow> {
  const window = await openScreens({
    columns: 120,
    rows: 40,
    language: 'en',
    bases: [knowledgeBase('tea')],
    models: [CHAT],
    ...world,
  });
  await window.press('7');
  return window;
}

/** What a column hears from its beginning to its end. */
export function play(
  w: ScreensWindow,
  column: number,
  text: string,
  hits: readonly Hit[] = [],
  state: ColumnState = 'ok',
  metrics: Scores = {},
): void {
  const asked = w.comparisons.asked.at(-1);
  const settings = asked?.request.columns[column];
  if (!asked || !settings) throw new Error('nothing was asked');
  asked.emit(column, { type: 'began' });
  asked.emit(column, { type: 'retrieved', search: searchResult(hits) });
  asked.emit(column, {
    type: 'prompt',
    messages: [{ role: 'user', content: `ask ${column}` }],
    promptTokens: 9,
    cut: '',
  });
  asked.emit(column, { type: 'delta', text, reasoning: '' });
  const error = state === 'failed' ? new RagtuiError('unavailable', 'The server went away.', 'Ask again.') : null;
  const whole = state === 'ok' ? answer('q', text, { hits: [...hits] }) : null;
  asked.emit(column, {
    type: 'ended',
    result: { column: settings, state, answer: whole, partial: text, error, metrics },
  });
}
/** Types a question and sends it. */
export async function ask(w: ScreensWindow): Promise<void> {
  await w.type('How hot?');
  await w.press('enter');
  await w.rest();
}
/** The rows below the question. */
export const columnsText = (w: ScreensWindow): string => w.rows().slice(7, -2).join('\n');
/** The comparison ends. */
export const end = async (w: ScreensWindow): Promise<void> => {
  w.comparisons.asked.at(-1)?.end.resolve();
  await w.rest();
};
