/**
 * Is somebody there? The console asks again and again by itself, and that must not keep a screen signed in which nobody touches:
 * only what is asked after a touch counts as use.
 */

const touches = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;
/** Whoever opens the page is there. */
let touched = 1;
let told = 0;

export function watchTouches(): void {
  const count = () => {
    touched += 1;
  };
  for (const kind of touches) window.addEventListener(kind, count, { capture: true, passive: true });
}

/** The last touch, if the server has not been told of it. Hand it to `tellTouch` when the server has answered. */
export const untoldTouch = (): number | undefined => (touched > told ? touched : undefined);

export function tellTouch(touch: number | undefined): void {
  if (touch !== undefined) told = Math.max(told, touch);
}
