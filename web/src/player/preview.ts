/** The picture over the time line is for who sees it: the time line's own words say the time, and an image without any says nothing. */
export function hidePreview(range: Element | null): void {
  range?.shadowRoot?.querySelector('media-preview-thumbnail')?.setAttribute('aria-hidden', 'true');
}
