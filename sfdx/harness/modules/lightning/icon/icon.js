import { LightningElement, api } from 'lwc';

/** Stands in for lightning-icon: draws from Salesforce's own sprites. */
export default class Icon extends LightningElement {
    @api iconName;
    @api size = 'medium';
    @api variant;

    get address() {
        const [sprite, name] = this.iconName.split(':');
        return `icons/${sprite}.svg#${name}`;
    }

    get boxClass() {
        const [sprite, name] = this.iconName.split(':');
        return sprite === 'utility'
            ? 'slds-icon_container'
            : `slds-icon_container slds-icon-${sprite}-${name.replaceAll('_', '-')}`;
    }

    get iconClass() {
        const isPlain = this.iconName.startsWith('utility:') && this.variant !== 'inverse';
        return `slds-icon slds-icon_${this.size} ${isPlain ? 'slds-icon-text-default' : ''}`;
    }
}
