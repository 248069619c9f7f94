import { Skeleton } from '@mantine/core';

/** While a screen's own script is on its way. */
export function ScreenSkeleton() {
  return (
    <div aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading the screen
      </span>
      <Skeleton height={28} width={180} />
      <Skeleton height="56dvh" mt={20} radius={10} />
    </div>
  );
}
