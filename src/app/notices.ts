import type { Stores } from '../../stores/create.ts';
import type { UiStore } from '../../stores/ui.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { t } from '../ui/i18n/index.ts';

/** Says what happened elsewhere: a job that ended, a service that had to be started again. */
export function watchForNotices(stores: Stores, ui: UiStore, terminal: Pick<Terminal, 'ring'>): void {
  const { workspace, jobs, settings } = stores;
  jobs.getState().onEnd((job) => {
    const values = { name: job.spec.name, reason: job.error?.message ?? job.reason };
    switch (job.state) {
      case 'succeeded':
        ui.getState().toast(t('jobs.ended.succeeded', values), 'good');
        break;
      case 'failed':
        ui.getState().toast(t('jobs.ended.failed', values), 'bad');
        break;
      case 'lost':
        ui.getState().toast(t('jobs.ended.lost', values), 'bad');
        break;
      case 'stopped':
        ui.getState().toast(t('jobs.ended.stopped', values), 'info');
        break;
      default:
        return;
    }
    if (settings.getState().settings.interface.notify !== 'none') terminal.ring(job.spec.name);
  });
  workspace.getState().onRestart(() => ui.getState().toast(t('home.serviceRestarted'), 'warn'));
}
