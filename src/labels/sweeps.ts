/** Kinds of sweeps that a label begins; its tasks say what they do. */
export const labelRenamed = 'label_renamed'
export const labelRemoved = 'label_removed'
