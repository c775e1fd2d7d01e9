import { Box } from 'ink';
import type { ReactNode } from 'react';
import { Panel } from './Panel.tsx';
import type { Rect } from './rect.ts';

export interface ModalProps {
  /** The region the modal takes from the screen: it never floats over text (wide characters would tear). */
  readonly region: Rect;
  /** The box inside the region. */
  readonly rect: Rect;
  readonly title: string;
  readonly note?: string;
  readonly children: ReactNode;
}

/** A box in the middle of a region of its own. */
export function Modal({ region, rect, title, note = '', children }: ModalProps): ReactNode {
  return (
    <Box
      width={region.width}
      height={region.height}
      paddingLeft={rect.x - region.x}
      paddingTop={rect.y - region.y}
      flexShrink={0}
    >
      <Panel rect={rect} title={title} note={note} focused>
        {children}
      </Panel>
    </Box>
  );
}
