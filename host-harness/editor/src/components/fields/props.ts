import type { Field } from '../../schema/model';
import type { Json } from '../../workflow/json';
import type { FieldPath } from './context';

/** What every control of a field is given. */
export interface ControlProps {
  field: Field;
  path: FieldPath;
  value: Json | undefined;
  /** The ID of the element that the label is for. */
  id: string;
  label: string;
  describedBy?: string | undefined;
  isInvalid?: boolean;
}
