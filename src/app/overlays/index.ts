import type { Overlay } from '../../../stores/ui.ts';
import type { ModalDefinition, ScreenDefinition } from '../../ui/screen.ts';
import { chooseModal, confirmModal, promptModal } from './ask-user.tsx';
import { filterModal, helpModal, logModal, paletteModal } from './look-up.tsx';
import type { OverlayServices } from './services.ts';

/** The modal of an overlay, made once per opening: its editor and its list keep their state while it is open. */
export function createOverlays(
  services: OverlayServices,
  screens: readonly ScreenDefinition[],
): (overlay: Overlay) => ModalDefinition {
  const made = new WeakMap<Overlay, ModalDefinition>();
  return (overlay) => {
    const known = made.get(overlay);
    if (known) return known;
    const modal = make(overlay, services, screens);
    made.set(overlay, modal);
    return modal;
  };
}

function make(overlay: Overlay, services: OverlayServices, screens: readonly ScreenDefinition[]): ModalDefinition {
  switch (overlay.kind) {
    case 'help':
      return helpModal(services);
    case 'palette':
      return paletteModal(services);
    case 'log':
      return logModal(services);
    case 'filter':
      return filterModal(services);
    case 'confirm':
      return confirmModal(overlay, services);
    case 'prompt':
      return promptModal(overlay, services);
    case 'choose':
      return chooseModal(overlay, services);
    case 'modal': {
      const modal = screens.flatMap((screen) => screen.modals ?? []).find((each) => each.id === overlay.id);
      if (!modal) throw new Error(`no screen defines the modal ${overlay.id}`);
      return modal;
    }
  }
}
