import type { UiStore } from '../../stores/ui.ts';
import type { BoundAction } from '../keys/bind.ts';
import { t } from '../ui/i18n/index.ts';
import type { ScreenDefinition } from '../ui/screen.ts';

/** The keys that show a screen: its digit or sign, and Alt with it while text is typed. */
export function screenActions(
  screens: readonly Pick<ScreenDefinition, 'id' | 'key' | 'title'>[],
  ui: Pick<UiStore, 'getState'>,
): BoundAction[] {
  return screens.map((screen) => ({
    id: `app.screen.${screen.id}`,
    get title() {
      return screen.title();
    },
    get help() {
      return t('help.showScreen', { name: screen.title() });
    },
    keys: [screen.key, `alt+${screen.key}`],
    rank: undefined,
    inText: true,
    command: undefined,
    when: () => true,
    confirm: () => undefined,
    run: () => ui.getState().showScreen(screen.id),
  }));
}
