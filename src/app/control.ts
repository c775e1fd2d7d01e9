import { t } from '../ui/i18n/index.ts';
import { themeNames } from '../ui/theme.ts';
import type { AppControl } from './actions.ts';
import { copyText } from './copy.ts';
import { viewText } from './external.ts';
import type { AppOptions } from './parts.ts';
import { neighbourPane, type Place } from './place.ts';

/** A second Ctrl+C counts within this time. */
const TWICE_MS = 2000;

/**
 * What the app's own actions do. `place` is where the keys go, `base` what lies below all overlays: actions are also
 * judged by help and palette, while those open.
 */
export function createControl(
  options: AppOptions,
  place: () => Place,
  base: () => Place,
  now: () => number,
): AppControl {
  const { ui, terminal } = options;
  const state = ui.getState;
  let interruptedAt = Number.NEGATIVE_INFINITY;

  function closeOverlay(): void {
    const { modal } = place();
    state().close();
    modal?.onClose?.();
  }

  /** One step back, the nearest thing first. */
  function back(): void {
    if (state().overlays.length > 0) {
      closeOverlay();
      return;
    }
    const { screen, pane, target, editor } = base();
    if (target?.filter?.get()) {
      target.filter.set('');
      return;
    }
    if (screen.back?.()) return;
    if (state().zoomed) {
      state().toggleZoom();
      return;
    }
    // Out of a text field, so that single letters are keys again.
    const other = editor
      ? screen.panes.find((each) => each !== pane && !each.editor?.() && each.focusable?.() !== false)
      : undefined;
    if (other) state().setFocus(other.id);
  }

  function quit(): void {
    const jobs = options.runningJobs();
    if (jobs.length === 0) {
      options.quit();
      return;
    }
    const text = t('quit.goesOn', { jobs: jobs.join(', ') });
    state().confirm({ title: t('quit.title'), text, run: options.quit });
  }

  return {
    back,
    quit,
    canFilter: () => base().target?.filter !== undefined,
    hasOtherPane: () => neighbourPane(base().screen, base().pane?.id, 1) !== undefined,
    copyText: () => base().pane?.copy?.() ?? null,
    copyAllText: () => base().screen.copyAll?.() ?? null,
    openHelp: () => state().open({ kind: 'help' }),
    openPalette: () => state().open({ kind: 'palette' }),
    openFilter: () => state().open({ kind: 'filter' }),
    openLog: () => state().open({ kind: 'log' }),
    focusNext: (step) => {
      const { screen, pane } = base();
      const next = neighbourPane(screen, pane?.id, step);
      if (next) state().setFocus(next.id);
    },
    zoom: () => state().toggleZoom(),
    copy: (text) => copyText(terminal, ui, text),
    view: (text) => terminal.suspendFor(() => viewText(text, options.env ?? process.env)),
    toggleMouse: () => {
      const on = !state().mouse;
      state().setMouse(on);
      options.saveSetting?.('mouse', on);
      state().toast(t(on ? 'mouse.on' : 'mouse.off'));
    },
    nextTheme: () => {
      const next = themeNames[(themeNames.indexOf(state().theme) + 1) % themeNames.length] ?? 'dark';
      state().setTheme(next);
      options.saveSetting?.('theme', next);
      state().toast(t('theme.now', { name: next }));
    },
    nextLanguage: () => {
      const next = state().language === 'en' ? 'zh' : 'en';
      state().setLanguage(next);
      options.saveSetting?.('language', next);
      state().toast(t('language.now'));
    },
    interrupt: () => {
      const time = now();
      const again = time - interruptedAt < TWICE_MS;
      interruptedAt = time;
      if (again) {
        options.quit();
        return;
      }
      const jobs = options.runningJobs();
      const goesOn = jobs.length > 0 ? ` ${t('quit.goesOn', { jobs: jobs.join(', ') })}` : '';
      state().toast(t('quit.again') + goesOn, 'warn');
    },
    redraw: () => terminal.redraw(),
    suspend: () => terminal.suspend(),
  };
}
