import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { EndpointHealth } from '../../models/endpoint-check.ts';
import type { KeyState } from '../../models/endpoint-open.ts';
import { dialectOf, findPreset } from '../../models/presets.ts';
import type { Endpoint } from '../../models/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatCount, formatMillis } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import type { Line, Span } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { kindText, pricesText } from './endpoint-form.ts';
import type { ModelsModel } from './screen.tsx';

type Health = EndpointHealth | 'checking' | undefined;

interface PaneProps {
  readonly model: ModelsModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

/** The user's servers: whether they answer (once checked), their models, whether their keys are there. */
export function EndpointsPane({ model, rect, focused }: PaneProps): ReactNode {
  useStore(model.context.models, (state) => state.endpoints);
  const keys = useStore(model.context.endpoints, (state) => state.keys);
  const health = useStore(model.context.endpoints, (state) => state.health);
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={t('models.endpoints')} focused={focused}>
      <List
        model={model.endpoints}
        width={width}
        height={height}
        focused={focused}
        render={(endpoint) => endpointSpans(endpoint, keys[endpoint.name], health[endpoint.name])}
        empty={t('models.noEndpoints')}
      />
    </Panel>
  );
}

function endpointSpans(endpoint: Endpoint, key: KeyState | undefined, health: Health): Span[] {
  const { text, style } = healthText(endpoint, health);
  return [
    { text: `${endpoint.name} `, bold: true },
    { text: `${sanitizeLine(endpoint.model)} ` },
    ...(text ? [{ text: `${text} `, style }] : []),
    ...(key === undefined || key === 'none' || key === 'set'
      ? []
      : [{ text: `${t(`models.keyState.${key}`)} `, style: 'warn' as const }]),
    { text: `${kindText(endpoint.kind)} · ${endpoint.url}`, style: 'muted' },
  ];
}

function healthText({ model }: Endpoint, health: Health): { text: string; style: StyleName } {
  if (!health) return { text: '', style: 'muted' };
  if (health === 'checking') return { text: t('models.health.checking'), style: 'accent' };
  const time = health.latencyMs === null ? '' : formatMillis(health.latencyMs);
  switch (health.state) {
    case 'ok':
      return { text: `✓ ${time}`, style: 'good' };
    case 'no-list':
      return { text: `✓ ${time} ${t('models.health.noList')}`, style: 'good' };
    case 'model-missing':
      return { text: `! ${t('models.health.modelMissing', { model: sanitizeLine(model) })}`, style: 'warn' };
    case 'failed':
      return { text: `✗ ${t('models.health.failed')}`, style: 'bad' };
  }
}

/** Everything that is known of the endpoint under the cursor; null when there is none. */
export function endpointLines(model: ModelsModel, width: number): Line[] | null {
  const endpoint = model.endpoints.selected();
  if (!endpoint) return null;
  const { keys, health } = model.context.endpoints.getState();
  const state = health[endpoint.name];
  const facts: readonly (readonly [string, string])[] = [
    [t('models.field.url'), endpoint.url],
    [t('models.field.model'), endpoint.model],
    [t('models.field.kind'), kindText(endpoint.kind)],
    [t('models.field.server'), findPreset(endpoint.preset)?.title ?? ''],
    [t('models.field.key'), keyText(endpoint, keys[endpoint.name])],
    [t('models.field.prices'), pricesText(endpoint) ?? ''],
    [t('models.fact.limits'), limitsText(endpoint)],
    [
      t('models.fact.context'),
      endpoint.contextTokens ? t('models.context', { tokens: formatCount(endpoint.contextTokens) }) : '',
    ],
    [t('models.fact.notSent'), dialectOf(endpoint).omit.join(', ')],
  ];
  return [...stateLines(endpoint, state, width), ...facts.flatMap(([name, value]) => factLines(name, value, width))];
}

function stateLines({ model }: Endpoint, health: Health, width: number): Line[] {
  if (!health || health === 'checking') return [];
  if (health.error) return wrapped(`✗ ${health.error.message} ${health.error.hint}`, 'bad', width);
  if (health.state === 'no-list') return wrapped(`✓ ${t('models.health.noList')}`, 'good', width);
  const names = health.models.map(({ id }) => id);
  return health.state === 'ok'
    ? wrapped(
        `✓ ${t('models.health.ok', { count: names.length, time: formatMillis(health.latencyMs ?? 0) })}`,
        'good',
        width,
      )
    : wrapped(
        `! ${t('models.health.modelMissing', { model })} ${t('models.health.has', { names: names.slice(0, 8).join(', ') || '–' })}`,
        'warn',
        width,
      );
}

function keyText({ keyEnv, keyStore }: Endpoint, state: KeyState | undefined): string {
  if (!keyEnv && !keyStore) return t('models.key.none');
  const from = keyEnv ?? t(`models.key.${keyStore ?? 'file'}`);
  return state && state !== 'none' ? `${from}, ${t(`models.keyState.${state}`)}` : from;
}

function limitsText({ limits }: Endpoint): string {
  const names = ['concurrency', 'requestsPerMinute', 'tokensPerMinute'] as const;
  return names
    .flatMap((name) => {
      const value = limits?.[name];
      return value === undefined ? [] : [`${t(`models.field.${name}`)} ${formatCount(value)}`];
    })
    .join(', ');
}

function factLines(name: string, value: string, width: number): Line[] {
  if (value === '') return [];
  return wrapRows(sanitizeLine(`${name}: ${value}`), width - 2).map(
    (row, i): Line =>
      i === 0
        ? [{ text: ` ${row.slice(0, name.length + 1)}`, style: 'muted' }, { text: row.slice(name.length + 1) }]
        : [{ text: `   ${row}` }],
  );
}

const wrapped = (text: string, style: StyleName, width: number): Line[] =>
  wrapRows(sanitizeLine(text), width - 2)
    .slice(0, 6)
    .map((row): Line => [{ text: ` ${row}`, style }]);
