//! The entry for JNI: the native methods of `org.boomiauth.Jni`.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use jni::errors::{Error, ThrowRuntimeExAndDefault};
use jni::objects::{JByteArray, JClass, JObject, JStaticMethodID};
use jni::signature::{Primitive, ReturnType};
use jni::sys::{_jmethodID, jboolean, jbyte, jclass, jint, jlong, jvalue};
use jni::{Env, EnvUnowned, JavaVM, jni_sig, jni_str};

use crate::upcall::Upcalls;
use crate::wire::Wiped;
use crate::{entry, token};

/// The upcall methods of `org.boomiauth.Jni`, of the class that was loaded last. A JVM lets one class loader at a time
/// load a library.
static INTERRUPTED: AtomicPtr<_jmethodID> = AtomicPtr::new(null_mut());
static CALL: AtomicPtr<_jmethodID> = AtomicPtr::new(null_mut());

/// The upcalls of a call that came in here: methods of this class.
struct Class(jclass);

impl Class {
    /// Calls one of its methods.
    fn invoke<T>(
        &self,
        method: &AtomicPtr<_jmethodID>,
        returned: ReturnType,
        arguments: impl FnOnce(&mut Env<'_>) -> Result<Vec<jvalue>, Error>,
        read: impl FnOnce(&mut Env<'_>, Returned<'_>) -> Result<T, Error>,
    ) -> Option<T> {
        let call = |env: &mut Env<'_>| {
            // SAFETY: a local reference to the class, of the call that this thread is in.
            let class = unsafe { JObject::from_raw(env, self.0) };
            let class = env.as_cast::<JClass>(&class)?;
            // SAFETY: of this class, by `connect`.
            let method = unsafe { JStaticMethodID::from_raw(method.load(Ordering::Acquire)) };
            let arguments = arguments(env)?;
            // SAFETY: the callers know the methods' arguments and results.
            let result = unsafe { env.call_static_method_unchecked(&*class, method, returned, &arguments) }?;
            read(env, result)
        };
        JavaVM::singleton().ok()?.attach_current_thread(call).ok()
    }
}

impl Upcalls for Class {
    fn interrupted(&self) -> bool {
        let returned = ReturnType::Primitive(Primitive::Boolean);
        self.invoke(&INTERRUPTED, returned, |_| Ok(Vec::new()), |_, result| result.z()).unwrap_or(false)
    }

    fn call(&self, function: i64, fields: &[u8]) -> Option<Wiped> {
        let arguments = |env: &mut Env<'_>| {
            let fields = env.byte_array_from_slice(fields)?;
            Ok(vec![jvalue { j: function }, jvalue { l: fields.into_raw() }])
        };
        self.invoke(&CALL, ReturnType::Array, arguments, |env, result| {
            let result = env.cast_local::<JByteArray>(result.l()?)?;
            let read = Wiped(env.convert_byte_array(&result)?);
            // It may have been a secret.
            result.set_region(env, 0, &vec![0; read.len()])?;
            Ok(read)
        })
    }
}

type Returned<'local> = jni::objects::JValueOwned<'local>;

/// Looks up the upcall methods.
#[unsafe(no_mangle)]
pub extern "system" fn Java_org_boomiauth_Jni_connect<'local>(mut env: EnvUnowned<'local>, class: JClass<'local>) {
    let connect = |env: &mut Env<'local>| -> Result<(), Error> {
        let interrupted = env.get_static_method_id(&class, jni_str!("interrupted"), jni_sig!(() -> jboolean))?;
        let call = env.get_static_method_id(&class, jni_str!("call"), jni_sig!((jlong, [jbyte]) -> [jbyte]))?;
        INTERRUPTED.store(interrupted.into_raw(), Ordering::Release);
        CALL.store(call.into_raw(), Ordering::Release);
        Ok(())
    };
    env.with_env(connect).resolve::<ThrowRuntimeExAndDefault>();
}

/// Bytes as Java has them.
fn signed(bytes: &mut [u8]) -> &mut [jbyte] {
    // SAFETY: the same bytes, and each is good for both types.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
}

/// Runs an operation: see [`entry::invoke`].
#[unsafe(no_mangle)]
pub extern "system" fn Java_org_boomiauth_Jni_invoke<'local>(
    mut env: EnvUnowned<'local>,
    class: JClass<'local>,
    operation: jint,
    handle: jlong,
    fields: JByteArray<'local>,
    length: jlong,
) -> JByteArray<'local> {
    let invoke = |env: &mut Env<'local>| -> Result<JByteArray<'local>, Error> {
        let mut given = Wiped(vec![0; usize::try_from(length).unwrap_or(0)]);
        fields.get_region(env, 0, signed(&mut given.0))?;
        let result = entry::invoke(Class(class.as_raw()), operation, handle, &given);
        env.byte_array_from_slice(&result)
    };
    env.with_env(invoke).resolve::<ThrowRuntimeExAndDefault>()
}

/// Whether a token is its provider's cached token.
#[unsafe(no_mangle)]
pub extern "system" fn Java_org_boomiauth_Jni_isCurrentToken<'local>(
    _env: EnvUnowned<'local>,
    _class: JClass<'local>,
    provider: jlong,
    token: jlong,
    min_validity_ms: jlong,
) -> jboolean {
    token::is_current(provider, token, min_validity_ms)
}
