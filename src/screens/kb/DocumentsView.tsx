import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { isOver } from '../../jobs/types.ts';
import type { DocumentSummary } from '../../kb/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatCount, formatDuration, formatShort } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { useSpinner } from '../../ui/Meters.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import { cut, cutStart, type Line, spansOf } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { fileName } from '../hits.ts';
import { jobProgressLine, progressDetails } from '../progress.ts';
import { embedderState } from './shadows.ts';
import type { KbPaneProps } from './view.tsx';

/** Documents of the selected base; above them the ingest under way, below them why the one under the cursor failed. */
export function DocumentsView({ model, rect, focused }: KbPaneProps): ReactNode {
  const { context } = model;
  const page = useStore(context.kb, (state) => state.documents);
  const selectedBase = useStore(context.kb, (state) => state.selected);
  useStore(model.documents.store);
  const { width, height } = inside(rect);
  const head = [...useIngestLines({ model, width }), ...useShadowLines({ model, width })];
  const selected = model.documents.selected();
  const foot = selected?.error
    ? wrapRows(sanitizeLine(selected.error), width - 2)
        .slice(0, 3)
        .map((row): Line => [{ text: ` ${row}`, style: 'bad' }])
    : [];
  const notes = [
    page ? formatCount(page.total) : '',
    page?.failedOnly ? t('kb.failedOnly') : '',
    page?.filter ? t('filter.active', { text: page.filter }) : '',
  ];
  const job = model.ingest();
  const filling = job !== undefined && !isOver(job.state) && !page?.filter && !page?.failedOnly;
  const text = filling ? t('kb.filling') : page ? emptyText(page) : t('home.looking');
  const empty = selectedBase ? text : t('kb.noBaseSelected');
  return (
    <Panel rect={rect} title={t('kb.documents')} note={notes.filter(Boolean).join(' · ')} focused={focused}>
      <Rows lines={head} width={width} />
      <Table
        model={model.documents}
        columns={columns()}
        width={width}
        height={Math.max(2, height - head.length - foot.length)}
        focused={focused}
        empty={empty}
      />
      <Rows lines={foot} width={width} />
    </Panel>
  );
}

function emptyText({ filter, failedOnly }: { readonly filter: string; readonly failedOnly: boolean }): string {
  if (filter) return t('kb.noMatch');
  return failedOnly ? t('kb.noneFailed') : t('kb.noDocuments');
}

function columns(): readonly Column<DocumentSummary>[] {
  return [
    {
      title: t('kb.column.name'),
      min: 16,
      weight: 2,
      cell: (document, { width }) => cutStart(fileName(document.name), width),
    },
    { title: t('kb.column.title'), min: 12, weight: 2, optional: 3, cell: (document) => sanitizeLine(document.title) },
    {
      title: t('kb.column.state'),
      min: 8,
      cell: (document) => [{ text: t(`kb.state.${document.state}`), style: stateStyle(document) }],
    },
    {
      title: t('kb.column.chunks'),
      min: 6,
      align: 'right',
      optional: 1,
      cell: (document) => formatShort(document.chunks),
    },
    {
      title: t('kb.column.characters'),
      min: 7,
      align: 'right',
      optional: 2,
      cell: (document) => formatShort(document.characters),
    },
  ];
}

function stateStyle({ state }: DocumentSummary): StyleName {
  return state === 'live' ? 'good' : state === 'failed' ? 'bad' : 'warn';
}

/** Progress of the ingest that runs, or what the last one did. */
function useIngestLines({ model, width }: Pick<KbPaneProps, 'model'> & { readonly width: number }): readonly Line[] {
  const { context } = model;
  const stopping = useStore(context.jobs, (state) => state.stopping);
  const report = useStore(context.kb, (state) => state.reports[state.selected ?? '']);
  useStore(context.jobs, (state) => state.list);
  const job = model.ingest();
  const running = job !== undefined && !isOver(job.state);
  // A watch that waits stands still: nothing is drawn while nothing happens.
  const spinner = useSpinner(running && job.progress?.phase !== 'done');
  if (!job) return [];
  const { work } = job.spec;
  const waits = work.kind === 'ingest' && work.watch && job.progress?.phase === 'done';
  if (running && waits && !stopping[job.spec.id]) {
    return [
      [
        { text: '◉ ', style: 'accent' },
        { text: t('kb.watchWaiting'), bold: true },
      ],
    ];
  }
  if (running) {
    const steps = stopping[job.spec.id];
    const last = steps?.at(-1);
    const phase = last
      ? t(`jobs.stop.${last.step}`, { seconds: last.graceSeconds })
      : t('kb.ingesting', { phase: phaseText(job.progress?.phase ?? '') });
    return [
      [
        { text: `${spinner} `, style: 'accent' },
        { text: cut(phase, width - 3), bold: true },
      ],
      [{ text: '  ' }, ...spansOf(jobProgressLine(job, width - 3))],
      [{ text: `  ${progressDetails(job)}`, style: 'muted' }],
    ];
  }
  if (job.state === 'failed' || job.state === 'lost') {
    const why = job.error ? `${job.error.message} ${job.error.hint}` : job.reason;
    return wrapRows(sanitizeLine(`✗ ${t('kb.ingestFailed')} ${why}`), width - 1)
      .slice(0, 3)
      .map((row): Line => [{ text: row, style: 'bad' }]);
  }
  if (job.state === 'stopped') return [[{ text: `■ ${t('kb.ingestStopped')}`, style: 'warn' }]];
  if (!report) return [];
  const { added, changed, unchanged, removed, failed, embedded, seconds } = report;
  const values = { added, changed, unchanged, removed, embedded, time: formatDuration(seconds) };
  const warnings = (report.warnings ?? []).map((text): Line => [{ text: `! ${sanitizeLine(text)}`, style: 'warn' }]);
  return [
    ...wrapRows(`✓ ${t('kb.report', values)}`, width - 1).map((text): Line => [{ text, style: 'muted' }]),
    ...(failed.length > 0
      ? [[{ text: `! ${t('kb.reportFailed', { count: failed.length })}`, style: 'warn' as const }]]
      : []),
    ...warnings.slice(0, 2),
  ];
}

/** Progress of an index that is built beside the live one, or that one stands ready. */
function useShadowLines({ model, width }: Pick<KbPaneProps, 'model'> & { readonly width: number }): readonly Line[] {
  const { context } = model;
  const stopping = useStore(context.jobs, (state) => state.stopping);
  useStore(context.kb, (state) => state.list);
  const job = model.shadow();
  const running = job !== undefined && !isOver(job.state);
  const spinner = useSpinner(running);
  const base = model.base();
  if (!base || job?.spec.work.kind !== 'shadow') return [];
  const { embedder } = job.spec.work;
  if (running) {
    const last = stopping[job.spec.id]?.at(-1);
    const phase = last
      ? t(`jobs.stop.${last.step}`, { seconds: last.graceSeconds })
      : t('kb.shadow.building', { id: embedder, live: base.embedders[0] ?? '' });
    return [
      [
        { text: `${spinner} `, style: 'accent' },
        { text: cut(phase, width - 3), bold: true },
      ],
      [{ text: '  ' }, ...spansOf(jobProgressLine(job, width - 3))],
    ];
  }
  if (job.state === 'failed' || job.state === 'lost') {
    const why = job.error ? `${job.error.message} ${job.error.hint}` : job.reason;
    return wrapRows(sanitizeLine(`✗ ${t('kb.shadow.failed', { id: embedder })} ${why}`), width - 1)
      .slice(0, 3)
      .map((row): Line => [{ text: row, style: 'bad' }]);
  }
  const waits = base.embedders.includes(embedder) && embedderState(base, embedder).state;
  if (job.state === 'stopped' && waits === 'incomplete')
    return [[{ text: `■ ${t('kb.shadow.stopped', { id: embedder })}`, style: 'warn' }]];
  if (waits !== 'ready' || base.previous === embedder) return [];
  return [[{ text: cut(`○ ${t('kb.shadow.ready', { id: embedder })}`, width - 1), style: 'good' }]];
}

const PHASES = ['scanning', 'reading', 'embedding', 'starting', 'done'] as const;
function phaseText(phase: string): string {
  const known = PHASES.find((each) => each === phase);
  return known ? t(`kb.phase.${known}`) : sanitizeLine(phase);
}
