import type { FindingsReader } from '../../../stores/datasets.ts';
import type { CheckSummary, Severity } from '../../datasets/doctor/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Line, pad } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';

/** A line of the findings: every safe fix at once, a rule, or one finding of the rule that was opened. */
export type FindingItem =
  | { readonly kind: 'all'; readonly fixable: number }
  | { readonly kind: 'rule'; readonly rule: CheckSummary['rules'][number] }
  | { readonly kind: 'finding'; readonly place: number };

const NONE: readonly FindingItem[] = [];

/** The rules that found something, the gravest first; or the findings of one. Pure but for the reader's file. */
export function findingItems(reader: FindingsReader | null, rule: string | null): readonly FindingItem[] {
  if (!reader) return NONE;
  if (rule !== null) return reader.places({ rules: [rule] }).map((place) => ({ kind: 'finding', place }));
  const careful = reader.places({ fixable: 'careful' }).length;
  const found = reader.summary.rules.filter(({ count }) => count > 0);
  const grave = ({ severities: { error, warning } }: (typeof found)[number]): number =>
    error > 0 ? 2 : warning > 0 ? 1 : 0;
  return [
    ...(careful > 0 ? [{ kind: 'all' as const, fixable: careful }] : []),
    ...found
      .sort((a, b) => grave(b) - grave(a) || b.count - a.count)
      .map((one) => ({ kind: 'rule' as const, rule: one })),
  ];
}

const SIGNS: Readonly<Record<Severity, readonly [string, StyleName]>> = {
  error: ['✗', 'bad'],
  warning: ['!', 'warn'],
  info: ['·', 'muted'],
};

export function findingLine(item: FindingItem, reader: FindingsReader | null): Line {
  if (item.kind === 'all') {
    return [{ text: `✓ ${t('datasets.fixAll', { count: formatCount(item.fixable) })}`, style: 'accent', bold: true }];
  }
  if (item.kind === 'rule') {
    const { id, title, count, fixable, severities } = item.rule;
    const [sign, style] = SIGNS[severities.error > 0 ? 'error' : severities.warning > 0 ? 'warning' : 'info'];
    return [
      { text: `${sign} ${formatCount(count).padStart(6)} `, style },
      { text: pad(id, 23) },
      { text: ` ${title}`, style: 'muted' },
      ...(fixable > 0
        ? [{ text: ` · ${t('datasets.fixable', { count: formatCount(fixable) })}`, style: 'good' as const }]
        : []),
    ];
  }
  const [found] = reader?.read([item.place]) ?? [];
  if (!found) return '';
  const { severity, row, message, fix } = found.finding;
  const [sign, style] = SIGNS[severity];
  return [
    { text: `${sign} `, style },
    { text: `${(row === null ? '' : String(row)).padStart(6)} `, style: 'muted' },
    ...(fix ? [{ text: '⚒ ', style: 'good' as const }] : []),
    { text: sanitizeLine(message) },
  ];
}

/** The verdict in a few lines: counts, what the engines keep, what leaks. Pure. */
export function summaryLines({ severities, rows, forecasts, leaks }: CheckSummary): Line[] {
  const counts = t('datasets.counts', {
    rows: formatCount(rows),
    errors: formatCount(severities.error),
    warnings: formatCount(severities.warning),
    infos: formatCount(severities.info),
  });
  const engines = forecasts
    .map(({ engine, kept, rows: of, refused }) =>
      refused === ''
        ? t('datasets.keeps', { engine: ENGINES[engine], kept: formatCount(kept), rows: formatCount(of) })
        : `${ENGINES[engine]}: ${refused}`,
    )
    .join(' · ');
  const dirty = leaks.filter((leak) => leak.dirty > 0);
  const leakLines: Line[] = dirty.map((leak) => [
    {
      text: ` ! ${t('datasets.leaks', { part: leak.part, from: leak.from, dirty: formatCount(leak.dirty), rows: formatCount(leak.rows) })}`,
      style: 'warn',
    },
  ]);
  const clean: Line[] =
    leaks.length > 0 && dirty.length === 0 ? [[{ text: ` ✓ ${t('datasets.noLeaks')}`, style: 'good' }]] : [];
  return [
    [{ text: ` ${counts}`, style: severities.error > 0 ? 'bad' : 'good' }],
    ...(engines === '' ? [] : [[{ text: ` ${engines}`, style: 'muted' as const }]]),
    ...leakLines,
    ...clean,
  ];
}

const ENGINES = { llamafactory: 'LLaMA-Factory', flagembedding: 'FlagEmbedding' } as const;
