import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { KbStore } from '../../../stores/kb.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { useSpinner } from '../../ui/Meters.tsx';
import { Rows } from '../../ui/Row.tsx';
import type { ModalViewProps } from '../../ui/screen.ts';
import type { Line } from '../../ui/text.ts';

/** The checks of a verification, one row each. */
export function VerifyView({ kb, rect }: ModalViewProps & { readonly kb: KbStore }): ReactNode {
  const verification = useStore(kb, (state) => state.verification);
  const result = verification?.result;
  const spinner = useSpinner(!result);
  const lines: Line[] = result
    ? [
        result.ok
          ? [{ text: `✓ ${t('kb.verified')}`, style: 'good' }]
          : [{ text: `✗ ${t('kb.notVerified')}`, style: 'bad' }],
        '',
        ...result.checks.map(({ name, ok, detail, repaired }): Line => {
          const sign = ok ? '✓' : repaired ? '↻' : '✗';
          return [
            { text: `${sign} `, style: ok ? 'good' : repaired ? 'warn' : 'bad' },
            { text: `${sanitizeLine(name)}  ` },
            { text: sanitizeLine(detail), style: 'muted' },
            ...(repaired ? [{ text: `  ${t('kb.repaired')}`, style: 'warn' as const }] : []),
          ];
        }),
      ]
    : [[{ text: `${spinner} `, style: 'accent' }, { text: t('kb.verifying') }]];
  return <Rows lines={lines} width={rect.width} height={rect.height} />;
}
