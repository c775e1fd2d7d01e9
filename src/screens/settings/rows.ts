import type { SettingValue } from '../../platform/config.ts';
import { t } from '../../ui/i18n/index.ts';
import { themeNames } from '../../ui/theme.ts';
import type { ScreenContext } from '../context.ts';

export interface SettingRow {
  readonly id: 'theme' | 'language' | 'mouse' | 'notify' | 'mode' | 'topK' | 'prompt' | 'home' | 'models' | 'config';
  readonly value: () => string;
  /** Absent: it is only shown. */
  readonly edit?: () => void;
}

const TOP_K = [1, 2, 3, 5, 8, 10, 20];

/** What can be set, and where things are. */
export function createRows({ ui, settings, workspace, models }: ScreenContext): readonly SettingRow[] {
  const save = (section: 'interface' | 'defaults', key: string, value: SettingValue): void =>
    settings.getState().change(section, key, value);
  const choose = (
    id: SettingRow['id'],
    values: readonly string[],
    selected: string,
    pick: (value: string) => void,
  ): void =>
    ui.getState().choose({
      title: t(`settings.row.${id}`),
      choices: values.map((value) => ({ id: value, title: value })),
      selected,
      pick,
    });
  const now = () => settings.getState().settings;
  return [
    {
      id: 'theme',
      value: () => ui.getState().theme,
      edit: () =>
        choose('theme', themeNames, ui.getState().theme, (value) => {
          const theme = themeNames.find((name) => name === value);
          if (!theme) return;
          ui.getState().setTheme(theme);
          save('interface', 'theme', theme);
        }),
    },
    {
      id: 'language',
      value: () => (ui.getState().language === 'zh' ? '中文' : 'English'),
      edit: () => {
        const next = ui.getState().language === 'zh' ? 'en' : 'zh';
        ui.getState().setLanguage(next);
        save('interface', 'language', next);
      },
    },
    {
      id: 'mouse',
      value: () => t(ui.getState().mouse ? 'ask.on' : 'ask.off'),
      edit: () => {
        const next = !ui.getState().mouse;
        ui.getState().setMouse(next);
        save('interface', 'mouse', next);
      },
    },
    {
      id: 'notify',
      value: () => now().interface.notify,
      edit: () =>
        choose('notify', ['bell', 'osc9', 'none'], now().interface.notify, (value) =>
          save('interface', 'notify', value),
        ),
    },
    {
      id: 'mode',
      value: () => now().defaults.mode,
      edit: () =>
        choose('mode', ['hybrid', 'vector', 'bm25'], now().defaults.mode, (value) => save('defaults', 'mode', value)),
    },
    {
      id: 'topK',
      value: () => String(now().defaults.top_k),
      edit: () =>
        choose('topK', TOP_K.map(String), String(now().defaults.top_k), (value) =>
          save('defaults', 'top_k', Number(value)),
        ),
    },
    {
      id: 'prompt',
      value: () => now().defaults.prompt,
      edit: () => {
        const names = ['default', 'tutorial', ...Object.keys(now().prompts)];
        choose('prompt', names, now().defaults.prompt, (value) => save('defaults', 'prompt', value));
      },
    },
    { id: 'home', value: () => workspace.getState().home },
    {
      id: 'models',
      value: () => {
        const folder = models.getState().list?.[0]?.folder ?? '';
        return folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
      },
    },
    { id: 'config', value: () => settings.getState().file },
  ];
}
