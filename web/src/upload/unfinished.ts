/**
 * Key in localStorage that says a person has an upload that is unfinished, or cancelled and not withdrawn yet: the next visit
 * loads the uploader and goes on, and other tabs, which hear of it, show it.
 */
export const unfinishedKey = (person: string): string => `sluice.unfinished-upload.${person}`;
