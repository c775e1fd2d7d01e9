import type { Stores } from '../../stores/create.ts';
import { isOver } from '../jobs/types.ts';
import type { StatusItem } from '../ui/bars.ts';
import { formatDuration, formatPercent } from '../ui/format.ts';
import { t } from '../ui/i18n/index.ts';

/** What the status bar says on every screen: service, knowledge base, LLM, jobs. */
export function statusItems({ workspace, ask, models, jobs }: Stores): readonly StatusItem[] {
  const { connection } = workspace.getState();
  const { settings } = ask.getState();
  const items: StatusItem[] = [];
  if (connection === 'connecting' || connection === 'failed') {
    const style = connection === 'failed' ? 'bad' : 'muted';
    items.push({
      id: 'service',
      text: `${t('home.fact.service')}: ${t(`home.connection.${connection}`)}`,
      style,
      screen: 'home',
    });
  }
  if (settings.kb) items.push({ id: 'kb', text: settings.kb, screen: 'kb' });
  if (settings.llm) items.push({ id: 'llm', text: settings.llm, screen: 'models' });
  for (const job of jobs.getState().list ?? []) {
    const { progress, spec } = job;
    if (isOver(job.state) || spec.work.kind === 'serve') continue;
    const share = progress && progress.total > 0 ? ` ${formatPercent(progress.done / progress.total)}` : '';
    const left = progress?.secondsLeft ? ` ${formatDuration(progress.secondsLeft)}` : '';
    items.push({ id: spec.id, text: `${spec.name}${share}${left}`, style: 'accent', screen: 'jobs' });
  }
  for (const { id, state, progress } of Object.values(models.getState().pulls)) {
    if (state !== 'running') continue;
    const share = progress && progress.total > 0 ? ` ${formatPercent(progress.bytes / progress.total)}` : '';
    items.push({ id: `pull ${id}`, text: `↓ ${id}${share}`, style: 'accent', screen: 'models' });
  }
  return items;
}
