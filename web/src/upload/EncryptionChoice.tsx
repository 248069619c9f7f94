import { NativeSelect } from '@mantine/core';
import { useSession } from '../auth/SessionContext.tsx';
import { ENCRYPTIONS, type Encryption } from './encryption.ts';

/** For what is added from then on; what is under way keeps what it began with. */
export function EncryptionChoice(props: {
  value: Encryption | undefined;
  choose: (encryption: Encryption | undefined) => void;
}) {
  const { value, choose } = props;
  const { config } = useSession();
  return (
    <NativeSelect
      size="xs"
      label="Encryption of what you add now"
      data={ENCRYPTIONS.filter((one) => one.value !== 'drm' || config.upload.drm === true)}
      value={value ?? ''}
      onChange={(event) =>
        choose(ENCRYPTIONS.find((one) => one.value === event.currentTarget.value)?.value || undefined)
      }
    />
  );
}
