/** Key in localStorage that says an upload is unfinished, so that the next visit loads the uploader and goes on. */
export const UNFINISHED = 'sluice.unfinished-upload';
