import type { ScreenDefinition } from '../ui/screen.ts';
import { createAskScreen } from './ask/screen.tsx';
import type { ScreenContext } from './context.ts';
import { createHomeScreen } from './home/screen.tsx';

/** Every screen, in the order of their numbers. */
export function createScreens(context: ScreenContext): readonly ScreenDefinition[] {
  return [createHomeScreen(context), createAskScreen(context)];
}
