import type { UiStore } from '../../../stores/ui.ts';
import { changeable, changedWork, parseChanges } from '../../jobs/clone.ts';
import type { JobView } from '../../jobs/types.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import { t } from '../../ui/i18n/index.ts';

const START = ' start';
const OTHER = ' other';

/**
 * Asks for changes of a job's own values, one after the other, until "start" is chosen: `start` gets them as `key=value`.
 * A value that does not fit is told at once and not taken.
 */
export function askForClone(
  ui: UiStore,
  job: JobView,
  start: (changes: readonly string[]) => Promise<unknown>,
  changes: ReadonlyMap<string, string> = new Map(),
): void {
  const { work } = job.spec;
  const { choose, prompt, toast } = ui.getState();
  const again = (now: ReadonlyMap<string, string>): void => askForClone(ui, job, start, now);
  const take = (key: string, value: string): void => {
    const next = new Map(changes).set(key, value.trim());
    try {
      changedWork(work, parseChanges(asTexts(next)));
      again(next);
    } catch (error) {
      toast(toRagtuiError(error).message, 'warn');
      again(changes);
    }
  };
  const known = changeable(work);
  const added = [...changes.keys()].filter((key) => !known.some((one) => one.key === key));
  const rows = [...known, ...added.map((key) => ({ key, value: '' }))].map(({ key, value }) => {
    const now = changes.get(key);
    const note = now === undefined ? '' : t('jobs.clone.was', { value: value || t('jobs.clone.unset') });
    return { id: key, title: `${key} = ${now ?? (value || t('jobs.clone.unset'))}`, note };
  });
  choose({
    title: t('jobs.clone.title', { name: job.spec.name }),
    choices: [
      { id: START, title: t('jobs.clone.start', { count: changes.size }) },
      ...rows,
      ...('settings' in work ? [{ id: OTHER, title: t('jobs.clone.other') }] : []),
    ],
    selected: START,
    pick: async (id) => {
      if (id === START) {
        await start(asTexts(changes));
      } else if (id === OTHER) {
        prompt({
          title: t('jobs.clone.other'),
          text: t('jobs.clone.otherText'),
          submit: (text) => {
            const [, key = '', value = ''] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(text) ?? [];
            take(key || text.trim(), value);
          },
        });
      } else {
        const value = changes.get(id) ?? known.find(({ key }) => key === id)?.value ?? '';
        prompt({ title: id, initial: value, submit: (text) => take(id, text) });
      }
    },
  });
}

const asTexts = (changes: ReadonlyMap<string, string>): string[] =>
  [...changes].map(([key, value]) => `${key}=${value}`);
