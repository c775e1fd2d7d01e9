import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { Hit } from '../../kb/types.ts';
import { sanitize, sanitizeLine } from '../../platform/sanitize.ts';
import { Editor } from '../../ui/Editor.tsx';
import { formatMillis } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { useSpinner } from '../../ui/Meters.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import type { Line } from '../../ui/text.ts';
import { cutStart, pad } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { armsText, documentName, scoreText } from '../hits.ts';
import type { KbPaneProps } from './view.tsx';

/** The query, and what it is searched with. */
export function BenchQuery({ model, rect, focused }: KbPaneProps): ReactNode {
  const bench = useStore(model.context.kb, (state) => state.bench);
  const body = inside(rect);
  const settings: Line = [
    { text: ` ${t('ask.short.mode')} `, style: 'muted' },
    { text: t(`kb.mode.${bench.mode}`), style: 'accent' },
    { text: `  ${t('ask.short.topK')} `, style: 'muted' },
    { text: String(bench.topK), style: 'accent' },
    { text: `  ${t('ask.short.instruction')} `, style: 'muted' },
    { text: bench.instruction ? t('ask.on') : t('ask.off'), style: 'accent' },
    { text: `  Ctrl+T · Ctrl+N · Ctrl+O`, style: 'muted' },
  ];
  return (
    <Panel rect={rect} title={t('kb.bench')} note={model.base()?.name ?? ''} focused={focused}>
      <Row line={settings} width={body.width} />
      <Editor
        model={model.query}
        rect={{ ...body, y: body.y + 1, height: Math.max(1, body.height - 1) }}
        focused={focused}
        prefix="❯ "
        placeholder={t('kb.queryPlaceholder')}
      />
    </Panel>
  );
}

/** What came, best first, with scores and their kinds; the one under the cursor in full. */
export function BenchHits({ model, rect, focused }: KbPaneProps): ReactNode {
  const bench = useStore(model.context.kb, (state) => state.bench);
  useStore(model.hits.store);
  const spinner = useSpinner(bench.running);
  const { width, height } = inside(rect);
  const { result, error, running } = bench;
  const selected = model.hits.selected();
  const head: Line[] = [];
  if (running) head.push([{ text: `${spinner} `, style: 'accent' }, { text: t('ask.phase.retrieving') }]);
  if (error) {
    for (const row of wrapRows(sanitizeLine(`✗ ${error.message} ${error.hint}`), width - 1))
      head.push([{ text: row, style: 'bad' }]);
  }
  if (result && !running) {
    const { embeddingMs, retrievalMs, rerankMs } = result.timing;
    const times = [
      ...(result.embedder === null ? [] : [t('ask.metric.embedding', { time: formatMillis(embeddingMs) })]),
      t('ask.metric.retrieval', { time: formatMillis(retrievalMs) }),
      ...(result.hits[0]?.scoreKind === 'rerank' ? [t('kb.reranking', { time: formatMillis(rerankMs) })] : []),
      `${result.group} · ${result.embedder ?? '–'} · ${result.search === 'server' ? sanitizeLine(result.server?.name ?? '') : result.search}`,
    ];
    head.push([{ text: ` ${times.join(' · ')}`, style: 'muted' }]);
    if (result.server?.why) {
      const { name: server, why } = result.server;
      head.push([{ text: ` ! ${sanitizeLine(t('kb.server.why', { server, why }))}`, style: 'warn' }]);
    }
    if (!result.relevant) head.push([{ text: ` ! ${t('ask.nothingRelevant')}`, style: 'warn' }]);
  }
  const listHeight = Math.max(2, Math.min(result?.hits.length ?? 0, Math.floor((height - head.length) / 2)));
  const rest = Math.max(0, height - head.length - listHeight);
  const below: Line[] = selected ? hitText(selected, width) : [];
  return (
    <Panel rect={rect} title={t('kb.hits')} note={result ? String(result.hits.length) : ''} focused={focused}>
      <Rows lines={head} width={width} />
      <List
        model={model.hits}
        width={width}
        height={listHeight}
        focused
        render={(hit) => hitLine(hit, width)}
        empty={result ? t('ask.noPassages') : running || error ? '' : t('kb.benchEmpty')}
      />
      <Rows lines={below.slice(0, rest)} width={width} height={rest} />
    </Panel>
  );
}

function hitLine(hit: Hit, width: number): Line {
  const name = Math.max(8, Math.min(24, Math.floor(width / 4)));
  return [
    { text: `${String(hit.rank).padStart(2)} `, style: 'muted' },
    { text: `${pad(scoreText(hit), 13)} `, style: 'accent' },
    { text: `${pad(cutStart(documentName(hit), name), name)} `, style: 'muted' },
    { text: sanitizeLine(hit.text) },
  ];
}

function hitText(hit: Hit, width: number): Line[] {
  const where = [t('ask.where', { start: hit.start, end: hit.end }), armsText(hit)].filter(Boolean).join(' · ');
  return [
    [{ text: '─'.repeat(width), style: 'border' }],
    [
      { text: ` ${sanitizeLine(hit.title || documentName(hit))}`, bold: true },
      { text: `  ${where}`, style: 'muted' },
    ],
    ...wrapRows(sanitize(hit.text), width - 2).map((row): Line => ` ${row}`),
  ];
}
