import { Box } from 'ink';
import type { ReactNode } from 'react';
import type { Rect } from '../ui/rect.ts';

export interface PlacedProps {
  /** The rectangle of the whole screen, as the view got it. */
  readonly within: Rect;
  readonly rect: Rect;
  readonly children: ReactNode;
}

/** Puts a pane where the layout says: Ink has no `left` and `top`, margins of an absolute box do the same. */
export function Placed({ within, rect, children }: PlacedProps): ReactNode {
  return (
    <Box
      position="absolute"
      marginLeft={rect.x - within.x}
      marginTop={rect.y - within.y}
      width={rect.width}
      height={rect.height}
      flexDirection="column"
    >
      {children}
    </Box>
  );
}
