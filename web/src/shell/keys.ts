/** Whether a key belongs to the field it was pressed in, not to the page. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest('input:not([type="checkbox"]), textarea, select, [role="combobox"]') !== null)
  );
}

/** Whether the focused control uses this key itself: a button its space, tabs and sliders and menus their arrows. */
export function isControl(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return false;
  if (key === ' ') return target.closest('button, a, summary, [role="button"], [role^="menu"], [role="tab"]') !== null;
  if (key.startsWith('Arrow')) {
    return target.closest('[role="tab"], [role="slider"], [role^="menu"], [role="radio"], [role="listbox"]') !== null;
  }
  return false;
}
