import type { UiStore } from '../../stores/ui.ts';
import { t } from '../ui/i18n/index.ts';
import type { AppTerminal } from './parts.ts';

/** Puts a text on the clipboard and says how that went. */
export function copyText(terminal: Pick<AppTerminal, 'copy'>, ui: Pick<UiStore, 'getState'>, text: string): void {
  const { message, cut } = terminal.copy(text);
  ui.getState().toast(cut ? message : t('copy.done', { count: [...text].length }), cut ? 'warn' : 'good');
}
