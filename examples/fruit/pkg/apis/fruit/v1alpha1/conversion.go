package v1alpha1

import (
	"k8s.io/apimachinery/pkg/conversion"

	"example.com/shop/pkg/apis/fruit/v1beta1"
)

// Convert_v1alpha1_AppleSpec_To_v1beta1_AppleSpec copies colour to color.
func Convert_v1alpha1_AppleSpec_To_v1beta1_AppleSpec(in *AppleSpec, out *v1beta1.AppleSpec, s conversion.Scope) error {
	out.Color = in.Colour
	return autoConvert_v1alpha1_AppleSpec_To_v1beta1_AppleSpec(in, out, s)
}

// Convert_v1beta1_AppleSpec_To_v1alpha1_AppleSpec copies color to colour.
func Convert_v1beta1_AppleSpec_To_v1alpha1_AppleSpec(in *v1beta1.AppleSpec, out *AppleSpec, s conversion.Scope) error {
	out.Colour = in.Color
	return autoConvert_v1beta1_AppleSpec_To_v1alpha1_AppleSpec(in, out, s)
}
