import { NativeSelect } from '@mantine/core';
import { ENCRYPTIONS, type Encryption } from './encryption.ts';

/** For what is added from then on; what is under way keeps what it began with. */
export function EncryptionChoice(props: {
  value: Encryption | undefined;
  choose: (encryption: Encryption | undefined) => void;
}) {
  const { value, choose } = props;
  return (
    <NativeSelect
      size="xs"
      label="Encryption of what you add now"
      data={ENCRYPTIONS}
      value={value ?? ''}
      onChange={(event) =>
        choose(ENCRYPTIONS.find((one) => one.value === event.currentTarget.value)?.value || undefined)
      }
    />
  );
}
