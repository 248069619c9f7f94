import { ActionIcon, Button } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import classes from './shared.module.css';

/** Text to take along, with a button that copies it and says so. `label` names it to a screen reader. */
export function Copy({ text, label, wide = false }: { text: string; label: string; wide?: boolean }) {
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // No permission or no secure context: select it, so that Ctrl-C does.
      if (field.current) getSelection()?.selectAllChildren(field.current);
    }
  };
  return (
    <div className={classes.copy} style={wide ? { flexDirection: 'column' } : undefined}>
      <pre className={classes.code} ref={field} tabIndex={0} aria-label={label} role="group">
        {text}
      </pre>
      {wide ? (
        <Button
          variant="default"
          size="compact-md"
          leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          onClick={() => void copy()}
          style={{ alignSelf: 'flex-start' }}
        >
          {copied ? 'Copied' : `Copy ${label.toLowerCase()}`}
        </Button>
      ) : (
        <ActionIcon
          variant="default"
          size={36}
          title={copied ? 'Copied' : 'Copy'}
          aria-label={`Copy ${label.toLowerCase()}`}
          onClick={() => void copy()}
        >
          {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
        </ActionIcon>
      )}
      <span className="visually-hidden" role="status">
        {copied ? `${label} copied` : ''}
      </span>
    </div>
  );
}
