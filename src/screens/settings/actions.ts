import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { SettingsModel } from './screen.tsx';

export const settingsActions: readonly Action<SettingsModel>[] = [
  {
    id: 'settings.change',
    title: 'Change',
    help: 'Changes the setting under the cursor; it is written into the settings file at once.',
    keys: ['enter'],
    rank: 1,
    command: 'ragtui config show',
    when: ({ rows }) => (rows.selected()?.edit ? true : t('settings.why.fixed')),
    run: ({ rows }) => rows.selected()?.edit?.(),
  },
];
