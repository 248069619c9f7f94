/** The name under which a run fails for a reason of MediaConvert's own, which the error's cause is. */
export const FAILED = 'MediaConvertFailed';
